use crate::{PASSWORD, Shop};

#[tokio::test]
async fn a_form_comes_back_once_with_its_errors_and_what_it_held() {
    let shop = Shop::open();
    let mut guest = shop.browser();
    let page = guest.submit("/signup", "name=Ada&password=too+short").await;
    assert!(page.contains("A password has at least 15 characters."));
    assert!(page.contains(r#"name="name" value="Ada""#));
    assert!(!page.contains("too short"), "a password never comes back");

    let page = guest.get("/signup").await.body;
    assert!(!page.contains("at least 15"));
    assert!(page.contains(r#"name="name" value="""#));
}

#[tokio::test]
async fn what_a_form_held_is_escaped() {
    let shop = Shop::open();
    let mut guest = shop.browser();
    let form = "name=%22%3E%3Cscript%3E&password=x";
    let page = guest.submit("/signup", form).await;
    assert!(page.contains(r#"value="&quot;&gt;&lt;script&gt;""#));
}

#[tokio::test]
async fn a_guest_cannot_fill_the_store_with_a_form() {
    let shop = Shop::open();
    let mut guest = shop.browser();
    let form = format!("name={}&password=x", "n".repeat(100_000));
    assert!(guest.submit("/login", &form).await.len() < 5_000);
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let shop = Shop::open();
    shop.sign_up("Ada").await;
    for name in ["Ada", "ada", "+Ada+"] {
        let form = format!("name={name}&password={PASSWORD}");
        let page = shop.browser().submit("/signup", &form).await;
        assert!(page.contains("This name is taken."), "{name}");
    }
    let form = format!("name=+&password={PASSWORD}");
    let page = shop.browser().submit("/signup", &form).await;
    assert!(page.contains("A name has 1 to 40 characters."));
}
