//! What a page, script, style, robots file or OpenAPI document names: paths of its own origin, places outside of it, where forms go.

use std::collections::BTreeSet;

use serde_json::Value;

/// What a text names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Paths of the own origin, with what follows a `?`.
    pub inside: BTreeSet<String>,
    /// What a browser would leave the origin for.
    pub outside: BTreeSet<String>,
    /// Where forms post to.
    pub posts: BTreeSet<String>,
}

/// Attributes whose value a browser goes to by itself or at a click.
const LEADS: [&str; 7] = ["href", "src", "data", "poster", "cite", "background", "srcset"];

/// What an answer of the path `at` names, whose type is `kind`.
pub fn named(kind: &str, text: &str, at: &str) -> Named {
    let mut found = Named::default();
    match () {
        () if kind.contains("html") => of_html(text, at, &mut found),
        () if kind.contains("json") => of_document(text, &mut found),
        () if kind.contains("css") => of_style(text, at, &mut found),
        () if kind.contains("javascript") => of_script(text, &mut found),
        () if at.ends_with("robots.txt") => {
            let paths = text.lines().filter_map(|line| line.split_once(':')).map(|(_, value)| value.trim());
            paths.filter(|path| path.starts_with('/')).for_each(|path| found.add(path, "/"));
        }
        () => {}
    }
    found
}

impl Named {
    fn add(&mut self, value: &str, at: &str) {
        let value = value.trim();
        match value.split_once('#').map_or(value, |(before, _)| before) {
            "" => {}
            // A picture within the page.
            inline if inline.starts_with("data:") => {}
            query if query.starts_with('?') => {
                let path = at.split('?').next().unwrap_or("/");
                self.inside.insert(format!("{path}{query}"));
            }
            path if path.starts_with('/') && !path.starts_with("//") => drop(self.inside.insert(path.to_owned())),
            // A scheme of any kind, or another host.
            other if other.starts_with("//") || other.split('/').next().is_some_and(|it| it.contains(':')) => {
                self.outside.insert(other.to_owned());
            }
            beside => {
                let path = at.split('?').next().unwrap_or("/");
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                self.inside.insert(format!("{folder}/{beside}"));
            }
        }
    }
}

fn of_html(text: &str, at: &str, found: &mut Named) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((tag, behind)) = after.split_once('>') else { break };
        let name = tag.split(char::is_whitespace).next().unwrap_or_default().to_ascii_lowercase();
        let attributes = attributes(tag);
        let value = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        for (_, value) in attributes.iter().filter(|(name, _)| LEADS.contains(&name.as_str())) {
            found.add(value, at);
        }
        let posts = |value: Option<&str>| value.is_some_and(|it| it.eq_ignore_ascii_case("post"));
        let form = (name == "form").then(|| (value("action").unwrap_or(at), posts(value("method"))));
        for (to, is_posted) in form.into_iter().chain(value("formaction").map(|to| (to, true))) {
            let mut leads = Named::default();
            leads.add(to, at);
            found.outside.extend(leads.outside);
            if is_posted { &mut found.posts } else { &mut found.inside }.extend(leads.inside);
        }
        if name == "meta" && value("http-equiv").is_some_and(|it| it.eq_ignore_ascii_case("refresh")) {
            let to = value("content").and_then(|it| it.split_once("url=")).map(|(_, to)| to);
            to.into_iter().for_each(|to| found.add(to, at));
        }
        rest = behind;
        for (element, read) in
            [("script", of_script as fn(&str, &mut Named)), ("style", |css, it| of_style(css, "/", it))]
        {
            if name == element {
                let end = format!("</{element}");
                let (inner, behind) = rest.split_once(&end).unwrap_or((rest, ""));
                read(inner, found);
                rest = behind;
            }
        }
    }
}

/// The attributes of a tag with their values as a browser reads them; those without a value are left out.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit(|it: char| it.is_whitespace() || it == '"').next().unwrap_or_default();
        let (value, behind) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        found.push((name.to_ascii_lowercase(), plain(value)));
        rest = behind;
    }
    found
}

/// Without what stands for a character in HTML.
fn plain(value: &str) -> String {
    let marks = [("&#38;", "&"), ("&amp;", "&"), ("&#34;", "\""), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'")];
    marks.iter().fold(value.to_owned(), |value, (mark, plain)| value.replace(mark, plain))
}

/// Words in quotes that begin like a path or an address.
fn of_script(text: &str, found: &mut Named) {
    for quote in ['"', '\'', '`'] {
        for word in text.split(quote).skip(1).step_by(2) {
            let is_path =
                word.starts_with('/') && word.len() > 1 && word[1..].starts_with(|it: char| it.is_ascii_alphabetic());
            let is_address = word.starts_with("http://") || word.starts_with("https://") || word.starts_with("//");
            if (is_path || is_address) && !word.contains(char::is_whitespace) {
                found.add(word, "/");
            }
        }
    }
}

fn of_style(text: &str, at: &str, found: &mut Named) {
    for inner in text.split("url(").skip(1).filter_map(|rest| rest.split_once(')')).map(|(inner, _)| inner) {
        found.add(inner.trim_matches(['"', '\'', ' ']), at);
    }
}

/// The paths of an OpenAPI document, each number 1.
fn of_document(text: &str, found: &mut Named) {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let base = document["servers"][0]["url"].as_str().unwrap_or_default();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        let path = format!("{base}{}", numbered(path));
        if operations.get("post").is_some() {
            found.posts.insert(path.clone());
        }
        found.inside.insert(path);
    }
}

/// A path of a table of routes, with 1 in place of what it leaves open.
pub fn numbered(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "1".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[test]
fn what_a_page_its_script_and_its_style_name_is_found() {
    let page = "<p><a class=\"button\" href=\"/people?q=1&#38;page=2\">x</a><a href='?lang=en'>y</a><a href=\"thanks\">z</a>\
                <form method=\"post\" action=\"/audit/verify\"><button formaction=\"/other\">b</button></form>\
                <form method=\"post\"></form><img src=\"data:image/png;base64,AA==\"><a href=\"https://elsewhere.example/\">e</a>\
                <meta http-equiv=\"refresh\" content=\"5;url=/live\"><style>a{background:url(\"/a.png\")}</style>\
                <script>fetch('/backup/all'); if (a < b) x(\"//cdn.example/x.js\")</script><a href=\"/last\">";
    let found = named("text/html; charset=utf-8", page, "/a/b?x=1");
    let inside = ["/people?q=1&page=2", "/a/b?lang=en", "/a/thanks", "/live", "/a.png", "/backup/all", "/last"];
    assert!(inside.iter().all(|path| found.inside.contains(*path)), "{found:?}");
    assert_eq!(found.posts, ["/audit/verify", "/other", "/a/b?x=1"].map(str::to_owned).into());
    assert_eq!(found.outside, ["https://elsewhere.example/", "//cdn.example/x.js"].map(str::to_owned).into());
    let document =
        "{\"servers\":[{\"url\":\"/api/v1\"}],\"paths\":{\"/people/{person}\":{\"get\":{}},\"/send\":{\"post\":{}}}}";
    let found = named("application/json", document, "/openapi.json");
    assert_eq!(found.inside, ["/api/v1/people/1", "/api/v1/send"].map(str::to_owned).into());
    assert_eq!(found.posts, ["/api/v1/send"].map(str::to_owned).into());
    assert_eq!(
        named("text/plain", "User-agent: *\nDisallow: /secret\n", "/robots.txt").inside,
        ["/secret".to_owned()].into()
    );
}
