//! The browser, with the actions that scenarios need.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, WebDriver, WindowHandle};

use crate::cookie::Cookie;
use crate::page::Page;

/// A browser. An action that fails panics, which fails the scenario.
#[derive(Debug)]
pub(crate) struct Browser {
    driver: WebDriver,
}

impl Browser {
    pub(crate) fn new(driver: WebDriver) -> Self {
        Self { driver }
    }

    pub(crate) async fn quit(&self) -> WebDriverResult<()> {
        self.driver.clone().quit().await
    }

    /// Clears cookies and cache, and continues in a new tab, which has no history.
    pub(crate) async fn reset(&self) {
        self.devtools("Storage.clearCookies", json!({})).await;
        self.devtools("Network.clearBrowserCache", json!({})).await;
        let tabs = self.driver.windows().await.unwrap();
        self.new_tab().await;
        let new = self.tab().await;
        for tab in tabs {
            self.switch(&tab).await;
            self.driver.close_window().await.unwrap();
        }
        self.switch(&new).await;
        self.console().await;
    }

    /// Opens an address, as if the user typed it.
    pub(crate) async fn visit(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    pub(crate) async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    pub(crate) async fn back(&self) {
        self.driver.back().await.unwrap();
    }

    /// Reads the playground's page.
    pub(crate) async fn page(&self) -> Page {
        self.run(Page::SCRIPT).await
    }

    /// Opens an address and reads the playground's page.
    pub(crate) async fn page_at(&self, url: &str) -> Page {
        self.visit(url).await;
        self.page().await
    }

    /// Fills in a form, clicks its button, and waits for the next page.
    pub(crate) async fn submit(&self, action: &str, fields: &[(&str, &str)]) {
        let form = format!(r#"form[action$="{action}"]"#);
        for (name, text) in fields {
            let selector = format!(r#"{form} input[name="{name}"]"#);
            let field = self.driver.find(By::Css(selector)).await.unwrap();
            field.clear().await.unwrap();
            field.focus().await.unwrap();
            self.devtools("Input.insertText", json!({ "text": text }))
                .await;
        }
        self.follow(&format!("{form} button")).await;
    }

    /// Logs in on the playground's page at this address.
    pub(crate) async fn log_in(&self, url: &str, name: &str) {
        self.visit(url).await;
        self.submit("/login", &[("name", name)]).await;
    }

    /// Ticks a box that is not ticked.
    pub(crate) async fn tick(&self, selector: &str) {
        let field = self.driver.find(By::Css(selector)).await.unwrap();
        field.click().await.unwrap();
        assert!(field.is_selected().await.unwrap(), "{selector}");
    }

    /// Clicks an element that leads to another page, and waits for that page.
    pub(crate) async fn follow(&self, selector: &str) {
        self.run::<()>("window.left = true").await;
        let element = self.driver.find(By::Css(selector)).await.unwrap();
        element.click().await.unwrap();
        let arrived = "return !window.left && document.readyState === 'complete'";
        self.until(arrived, selector).await;
    }

    /// Waits until a script returns `true`. `what` names the event in the failure.
    pub(crate) async fn until(&self, script: &str, what: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.run::<bool>(script).await {
            assert!(Instant::now() < end, "no end of {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Runs a script in the page and returns its result.
    pub(crate) async fn run<T: DeserializeOwned>(&self, script: &str) -> T {
        let returned = self.driver.execute(script, Vec::new()).await.unwrap();
        returned.convert().unwrap()
    }

    /// Sends a request from the page. Returns the status and the text of the response.
    pub(crate) async fn fetch(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> (u16, String) {
        let script = "const [method, path, body, done] = arguments;
            fetch(path, { method, body })
                .then(async answer => done([answer.status, await answer.text()]), error => done([0, String(error)]));";
        let arguments = vec![json!(method), json!(path), json!(body)];
        self.run_async(script, arguments).await
    }

    /// Runs a script that passes its result to its last argument, a function.
    pub(crate) async fn run_async<T: DeserializeOwned>(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> T {
        let returned = self.driver.execute_async(script, arguments).await;
        returned.unwrap().convert().unwrap()
    }

    /// Returns the response of `GET /api/session`.
    pub(crate) async fn session(&self) -> Value {
        let (status, text) = self.fetch("GET", "/api/session", None).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Returns the stored cookies of all sites.
    pub(crate) async fn cookies(&self) -> Vec<Cookie> {
        let mut answer = self.devtools("Storage.getCookies", json!({})).await;
        serde_json::from_value(answer["cookies"].take()).unwrap()
    }

    /// Returns the only stored cookie.
    pub(crate) async fn cookie(&self) -> Cookie {
        let [cookie] = <[Cookie; 1]>::try_from(self.cookies().await).expect("exactly one cookie");
        cookie
    }

    /// Stores a cookie that it had before.
    pub(crate) async fn restore(&self, cookie: &Cookie) {
        let cookies = json!({ "cookies": [cookie] });
        self.devtools("Storage.setCookies", cookies).await;
    }

    pub(crate) async fn tab(&self) -> WindowHandle {
        self.driver.window().await.unwrap()
    }

    /// Opens a tab and switches to it.
    pub(crate) async fn new_tab(&self) {
        let tab = self.driver.new_tab().await.unwrap();
        self.switch(&tab).await;
    }

    pub(crate) async fn switch(&self, tab: &WindowHandle) {
        self.driver.switch_to_window(tab.clone()).await.unwrap();
    }

    /// Returns the console messages since the last call.
    pub(crate) async fn console(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.unwrap();
        log.into_iter().map(|entry| entry.message).collect()
    }

    /// Saves a screenshot of the visible part of the page.
    pub(crate) async fn screenshot(&self, path: &Path) {
        self.driver.screenshot(path).await.unwrap();
    }

    /// Sends a command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, params: Value) -> Value {
        self.driver.cdp().send_raw(command, params).await.unwrap()
    }
}

/// Longer than any page takes to load.
const PATIENCE: Duration = Duration::from_secs(30);
