//! Walking XML of sources whose namespaces and prefixes vary: by local name alone.

use roxmltree::Node;

use crate::xml::joined;

/// The child elements of a local name, in order.
pub(crate) fn children<'a, 'i: 'a>(node: Node<'a, 'i>, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    let name = name.to_owned();
    node.children().filter(move |it| it.is_element() && it.tag_name().name() == name)
}

/// The first child element of a local name.
pub(crate) fn child<'a, 'i: 'a>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|it| it.is_element() && it.tag_name().name() == name)
}

/// All text of an element and below, without blanks around it: some sources put markup in titles.
pub(crate) fn text(node: Node) -> String {
    joined(node.descendants().filter(Node::is_text).filter_map(|it| it.text()))
}

/// The text of a child element; `None` when it is absent or empty.
pub(crate) fn child_text(node: Node, name: &str) -> Option<String> {
    child(node, name).map(text).filter(|it| !it.is_empty())
}
