//! Reading XML and walking JMA elements: by name within JMA's namespaces, tolerant of anything else in between.

use roxmltree::{Document, Node, ParsingOptions};

use crate::bounds::nodes_limit;
use crate::reject::{Place, Reject};

/// What all namespaces of JMA XML begin with.
const JMA_NAMESPACE: &str = "http://xml.kishou.go.jp/jmaxml1/";

/// Reads a text that is within bounds.
pub(crate) fn document(text: &str) -> Result<Document<'_>, Reject> {
    let nodes_limit = nodes_limit(text.len());
    let options = ParsingOptions { allow_dtd: false, nodes_limit, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let end = Place::of_byte(text.as_bytes(), text.len());
        let at = error.pos();
        let place = Place { line: at.row, column: at.col };
        match error {
            roxmltree::Error::DtdDetected => Reject::Dtd { place },
            roxmltree::Error::NodesLimitReached => {
                let limit = usize::try_from(nodes_limit).unwrap_or(usize::MAX);
                Reject::OutOfBounds { what: "nodes", limit, place: end }
            }
            roxmltree::Error::UnclosedRootNode | roxmltree::Error::UnexpectedEndOfStream => {
                Reject::Malformed { place: end, reason: "it ends too early".to_owned() }
            }
            other => Reject::Malformed { place, reason: other.to_string() },
        }
    })
}

/// Whether the root is a JMA `Report`.
pub(crate) fn is_jma_report(root: Node) -> bool {
    is(root, "Report")
}

/// That a document has none of the known forms, with the name of its root.
pub(crate) fn not_known(root: Node) -> Reject {
    Reject::NotKnown {
        root: root.tag_name().name().chars().take(80).collect(),
        namespace: root.tag_name().namespace().unwrap_or_default().chars().take(200).collect(),
    }
}

fn is(node: Node, name: &str) -> bool {
    let tag = node.tag_name();
    node.is_element() && tag.name() == name && tag.namespace().is_some_and(|it| it.starts_with(JMA_NAMESPACE))
}

/// The child elements of a name, in order.
pub(crate) fn children<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |it| is(*it, name))
}

/// The elements of a name anywhere below, in order.
pub(crate) fn descendants<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.descendants().filter(move |it| is(*it, name))
}

/// The first child element of a name.
pub(crate) fn child<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// The element at a path of names, the first at each step.
pub(crate) fn at<'a, 'i: 'a>(node: Node<'a, 'i>, path: &[&'static str]) -> Option<Node<'a, 'i>> {
    path.iter().try_fold(node, |node, name| child(node, name))
}

/// The text of an element without blanks around it: official files carry `<MaxInt>4 </MaxInt>`.
pub(crate) fn text(node: Node) -> String {
    joined(node.children().filter(Node::is_text).filter_map(|it| it.text()))
}

/// Texts as one, without blanks around it. There is one as a rule, and it is copied once.
pub(crate) fn joined<'a>(mut parts: impl Iterator<Item = &'a str>) -> String {
    let first = parts.next().unwrap_or_default();
    match parts.next() {
        None => first.trim().to_owned(),
        Some(second) => [first, second].into_iter().chain(parts).collect::<String>().trim().to_owned(),
    }
}

/// The text of a child element; `None` when it is absent or empty, which mean the same in JMA XML.
pub(crate) fn child_text(node: Node, name: &'static str) -> Option<String> {
    child(node, name).map(text).filter(|it| !it.is_empty())
}

/// Where an element begins.
pub(crate) fn place(node: Node) -> Place {
    // The tree keeps no positions, which would be a fifth of it. The name of an element is a piece of the text: it lies where it stands.
    let text = node.document().input_text();
    let name = node.tag_name().name().as_ptr().addr().saturating_sub(text.as_ptr().addr()).min(text.len());
    let start = text.as_bytes()[..name].iter().rposition(|&b| b == b'<').unwrap_or(name);
    Place::of_byte(text.as_bytes(), start)
}
