//! The products and the cart.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use session_axum::{Error, Key, Session, SessionRejection};

use crate::page::{NOTICE, Page};

/// How many of each product.
pub(crate) type Cart = BTreeMap<String, u32>;

pub(crate) const CART: Key<Cart> = Key::new("cart");

fn put_one(session: &Session, product: &'static Product) -> Result<(), Error> {
    session.update(&CART, Cart::new(), move |mut cart| {
        *cart.entry(product.name.to_owned()).or_default() += 1;
        cart
    })?;
    Ok(())
}

/// How many things the cart holds.
pub(crate) fn count(session: &Session) -> Result<u32, Error> {
    Ok(session.get_or(&CART, Cart::new())?.values().sum())
}

#[derive(Deserialize)]
pub(crate) struct Add {
    product: String,
}

/// For the page's script, which may call this several times at once.
pub(crate) async fn add_item(
    session: Session,
    Form(form): Form<Add>,
) -> Result<Response, SessionRejection> {
    let Some(product) = find(&form.product) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    put_one(&session, product)?;
    // Now, so that the count includes what the other requests added meanwhile.
    session.save().await?;
    Ok(Json(count(&session)?).into_response())
}

/// For a browser without scripts.
pub(crate) async fn add(
    session: Session,
    Form(form): Form<Add>,
) -> Result<Response, SessionRejection> {
    let Some(product) = find(&form.product) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    put_one(&session, product)?;
    session.flash(&NOTICE, format!("{} is in your cart.", product.name))?;
    Ok(Redirect::to("/").into_response())
}

pub(crate) async fn products(page: Page) -> Markup {
    page.show("Tea for everyone", html! {
        div.grid {
            @for product in &PRODUCTS {
                form.card.product method="post" action="/cart" {
                    h2 { (product.name) }
                    p { (product.text) }
                    div.row { b { "€ " (product.price) } button name="product" value=(product.name) { "Add to cart" } }
                }
            }
        }
        script { (PreEscaped(include_str!("cart.js"))) }
    })
}

pub(crate) async fn show(page: Page, session: Session) -> Result<Markup, SessionRejection> {
    let cart = session.get_or(&CART, Cart::new())?;
    let price = |product: &str| find(product).map_or(0, |product| product.price);
    let total: u32 = cart
        .iter()
        .map(|(product, count)| price(product) * count)
        .sum();
    Ok(page.show("Your cart", html! {
        @if cart.is_empty() {
            p { "It is empty. " a href="/" { "Have a look around" } "." }
        } @else {
            ul.card {
                @for (product, count) in &cart {
                    li { span { (product) small { "× " (count) } } b { "€ " (price(product) * count) } }
                }
                li { span { "In total" } b { "€ " (total) } }
            }
            form method="post" action="/order" { button { "Order" } }
        }
    }))
}

fn find(product: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|found| found.name == product)
}

struct Product {
    name: &'static str,
    price: u32,
    text: &'static str,
}

const fn product(name: &'static str, price: u32, text: &'static str) -> Product {
    Product { name, price, text }
}

const PRODUCTS: [Product; 4] = [
    product("Assam", 9, "Strong and malty, for the morning."),
    product("Darjeeling", 14, "First flush, light as a spring day."),
    product("Sencha", 12, "Green, fresh, a little grassy."),
    product("Rooibos", 7, "Red and mild, without caffeine."),
];
