//! The browser, as a scenario speaks of it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, WebDriver, WindowHandle};

use crate::cookie::Cookie;
use crate::page::Page;

/// A browser. Whatever it cannot do fails the scenario.
#[derive(Debug)]
pub(crate) struct Browser {
    driver: WebDriver,
}

impl Browser {
    pub(crate) fn new(driver: WebDriver) -> Self {
        Self { driver }
    }

    /// Ends it.
    pub(crate) async fn quit(&self) -> WebDriverResult<()> {
        self.driver.clone().quit().await
    }

    /// Forgets everything, and goes on in a new tab: one without a history.
    pub(crate) async fn forget(&self) {
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
        self.complaints().await;
    }

    /// Opens an address, as if it were typed.
    pub(crate) async fn visit(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    pub(crate) async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    pub(crate) async fn back(&self) {
        self.driver.back().await.unwrap();
    }

    /// What the playground's page shows.
    pub(crate) async fn page(&self) -> Page {
        self.run(Page::SCRIPT).await
    }

    /// Opens an address, and reads the playground's page there.
    pub(crate) async fn page_at(&self, url: &str) -> Page {
        self.visit(url).await;
        self.page().await
    }

    /// Writes into the fields of a form, clicks its button, and waits for the next page.
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

    /// Clicks on what leads to another page, and waits for that.
    pub(crate) async fn follow(&self, selector: &str) {
        self.run::<()>("window.left = true").await;
        let element = self.driver.find(By::Css(selector)).await.unwrap();
        element.click().await.unwrap();
        let arrived = "return !window.left && document.readyState === 'complete'";
        self.until(arrived, selector).await;
    }

    /// Waits for what a script says to be true; `what` is for the failure.
    pub(crate) async fn until(&self, script: &str, what: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.run::<bool>(script).await {
            assert!(Instant::now() < end, "nothing comes of {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Runs the body of a function in the page.
    pub(crate) async fn run<T: DeserializeOwned>(&self, script: &str) -> T {
        let returned = self.driver.execute(script, Vec::new()).await.unwrap();
        returned.convert().unwrap()
    }

    /// Sends a request from within the page, and returns its status and text.
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
        let returned = self.driver.execute_async(script, arguments).await;
        returned.unwrap().convert().unwrap()
    }

    /// What `GET /api/session` answers to the page.
    pub(crate) async fn session(&self) -> Value {
        let (status, text) = self.fetch("GET", "/api/session", None).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// All cookies that it keeps, of all sites.
    pub(crate) async fn cookies(&self) -> Vec<Cookie> {
        let mut answer = self.devtools("Storage.getCookies", json!({})).await;
        serde_json::from_value(answer["cookies"].take()).unwrap()
    }

    /// The only cookie that it keeps.
    pub(crate) async fn cookie(&self) -> Cookie {
        let [cookie] = <[Cookie; 1]>::try_from(self.cookies().await).expect("one cookie");
        cookie
    }

    /// Puts a cookie back that it had before.
    pub(crate) async fn keep(&self, cookie: &Cookie) {
        let cookies = json!({ "cookies": [cookie] });
        self.devtools("Storage.setCookies", cookies).await;
    }

    pub(crate) async fn tab(&self) -> WindowHandle {
        self.driver.window().await.unwrap()
    }

    /// Opens a tab, and goes on in it.
    pub(crate) async fn new_tab(&self) {
        let tab = self.driver.new_tab().await.unwrap();
        self.switch(&tab).await;
    }

    pub(crate) async fn switch(&self, tab: &WindowHandle) {
        self.driver.switch_to_window(tab.clone()).await.unwrap();
    }

    /// What its console shows since the last look.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.unwrap();
        log.into_iter().map(|entry| entry.message).collect()
    }

    /// Puts a picture of what is visible into a file.
    pub(crate) async fn screenshot(&self, path: &Path) {
        self.driver.screenshot(path).await.unwrap();
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, params: Value) -> Value {
        self.driver.cdp().send_raw(command, params).await.unwrap()
    }
}

/// Longer than any page takes.
const PATIENCE: Duration = Duration::from_secs(30);
