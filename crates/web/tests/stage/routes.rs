//! The routes of both routers as their source writes them, so that a test can see which of them it has forgotten.

/// A route, whether it shows something and whether it takes posts.
pub type Route = (String, bool, bool);

const SOURCE: &str = include_str!("../../src/router.rs");

/// Those of the console.
pub fn console_routes() -> Vec<Route> {
    routes(SOURCE.split_once("pub fn console_router").unwrap().1.split_once("\nasync fn no_page").unwrap().0)
}

/// Those of the people who answer.
pub fn responder_routes() -> Vec<Route> {
    routes(SOURCE.split_once("pub fn router").unwrap().1.split_once("pub fn console_router").unwrap().0)
}

fn routes(source: &str) -> Vec<Route> {
    let route = |part: &str| {
        let path = part.split('"').nth(1).unwrap().to_owned();
        let handlers = part.split_once(',').unwrap().1;
        let handlers = handlers.split_once('\n').map_or(handlers, |(line, _)| line);
        (path, handlers.contains("get("), handlers.contains("post("))
    };
    source.split(".route(").skip(1).map(route).collect()
}
