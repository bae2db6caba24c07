//! Pictures of small circuits, for Graphviz.
//!
//! Inputs and outputs are bits of named ports, gates are circles (XOR) and boxes (AND, by number), a complemented edge is dashed and ends in
//! a circle. Calls are expanded.

use petgraph::dot::{Config, Dot};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::circuit::{Circuit, Node};
use crate::flatten::flatten;
use crate::id::{PartyId, Wire};
use crate::shape::Shape;
use crate::stats::stats;

/// Gates, inputs and outputs in the largest picture.
pub const VERTICES_MAX: u64 = 1_000;

/// A picture would be too large to see anything in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the circuit has {n_vertices} gates, inputs and outputs; pictures have at most {VERTICES_MAX}")]
pub struct TooLargeToDraw {
    /// Gates, input bits and output bits, calls expanded.
    pub n_vertices: u64,
}

/// What is drawn.
#[derive(Debug)]
enum Vertex {
    Input(String),
    Output(String),
    /// With its number among the ANDs.
    And(usize),
    Xor,
    Constant(bool),
}

/// The picture of a verified circuit, in the language of Graphviz.
///
/// # Errors
/// If it has more than [`VERTICES_MAX`] vertices.
pub fn dot(circuit: &Circuit) -> Result<String, TooLargeToDraw> {
    let (stats, main) = (stats(circuit), circuit.main());
    let n_gates = u64::try_from(stats.n_ands.saturating_add(stats.n_xors)).unwrap_or(u64::MAX);
    let n_vertices = n_gates.saturating_add(main.n_inputs.into()).saturating_add(main.outputs.len() as u64);
    if n_vertices > VERTICES_MAX {
        return Err(TooLargeToDraw { n_vertices });
    }
    // Iterations without gates count there too.
    let flat = flatten(circuit, 16 * VERTICES_MAX).map_err(|found| TooLargeToDraw { n_vertices: found.n_gates })?;
    let graph = graph(&flat);
    let dot = Dot::with_attr_getters(
        &graph,
        &[Config::NodeNoLabel, Config::EdgeNoLabel],
        &|_, edge| if *edge.weight() { "style=dashed arrowhead=odot".to_owned() } else { String::new() },
        &|_, (_, vertex)| attributes(vertex),
    );
    Ok(format!("{dot:?}").replacen("digraph {", "digraph {\n    node [fontname=\"sans-serif\" fontsize=11]", 1))
}

fn graph(flat: &Circuit) -> DiGraph<Vertex, bool> {
    let main = flat.main();
    let mut graph = DiGraph::new();
    let mut vertices: Vec<Option<NodeIndex>> = Vec::with_capacity(main.nodes.len());
    let mut names =
        flat.inputs.iter().flat_map(|port| bit_names(&flat.parties, &[port.party], &port.name, &port.shape));
    let mut n_ands = 0;
    for node in &main.nodes {
        let vertex = match *node {
            Node::False => None,
            Node::Input => names.next().map(|name| graph.add_node(Vertex::Input(name))),
            Node::And(a, b) => {
                n_ands += 1;
                let vertex = graph.add_node(Vertex::And(n_ands));
                join(&mut graph, &vertices, &[a, b], vertex);
                Some(vertex)
            }
            Node::Xor(a, b) => {
                let vertex = graph.add_node(Vertex::Xor);
                join(&mut graph, &vertices, &[a, b], vertex);
                Some(vertex)
            }
            Node::Result { .. } => unreachable!("a flat circuit has no calls"),
        };
        vertices.push(vertex);
    }
    let names =
        flat.outputs.iter().flat_map(|port| bit_names(&flat.parties, &port.recipients, &port.name, &port.shape));
    for (name, &wire) in names.zip(&main.outputs) {
        let output = graph.add_node(Vertex::Output(name));
        match wire.as_constant() {
            Some(bit) => {
                let constant = graph.add_node(Vertex::Constant(bit));
                graph.add_edge(constant, output, false);
            }
            None => join(&mut graph, &vertices, &[wire], output),
        }
    }
    graph
}

fn join(graph: &mut DiGraph<Vertex, bool>, vertices: &[Option<NodeIndex>], wires: &[Wire], to: NodeIndex) {
    for wire in wires {
        let from = vertices[wire.node().0 as usize].expect("operands are inputs or gates");
        graph.add_edge(from, to, wire.is_complemented());
    }
}

/// `party: name[0]`, …
fn bit_names<'a>(
    parties: &'a [String],
    owners: &[PartyId],
    name: &'a str,
    shape: &Shape,
) -> impl Iterator<Item = String> + use<'a> {
    let owners: Vec<&str> = owners.iter().map(|party| parties[party.0 as usize].as_str()).collect();
    let (owners, width) = (owners.join(", "), shape.width());
    let name = if name.is_empty() { "result" } else { name };
    (0..width).map(move |i| match width {
        1 => format!("{owners}: {name}"),
        _ => format!("{owners}: {name}[{i}]"),
    })
}

fn attributes(vertex: &Vertex) -> String {
    let label = |label: &str, style: &str| format!("label=\"{}\" {style}", escaped(label));
    match vertex {
        Vertex::Input(name) => label(name, "shape=invhouse style=filled fillcolor=\"#dbe9f6\""),
        Vertex::Output(name) => label(name, "shape=house style=filled fillcolor=\"#e2f0d9\""),
        Vertex::And(number) => label(&format!("AND {number}"), "shape=box style=filled fillcolor=\"#fde7c8\""),
        Vertex::Xor => label("⊕", "shape=circle width=0.3 fixedsize=true"),
        Vertex::Constant(bit) => label(if *bit { "1" } else { "0" }, "shape=plaintext"),
    }
}

/// Names come from files: nothing in them ends the text that they stand in.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::{Blocks, Builder, CallSpec};
    use crate::circuit::{InputPort, OutputPort};

    /// `n` products of neighbours, each by a call.
    fn chain(n: u32) -> Circuit {
        let mut body = Builder::new("body", 2);
        let product = body.and(body.input(0), !body.input(1));
        let mut blocks = Blocks::new();
        let callee = blocks.add(body.finish(vec![product]).unwrap());
        let mut main = Builder::new("main", n + 1);
        let args = main.inputs();
        let spec = CallSpec { callee, count: n.into(), n_state: 1, n_shared: 0 };
        let last = main.call(&blocks, spec, args).unwrap()[0];
        let main = main.finish(vec![!last, Wire::TRUE]).unwrap();
        let input = |name: &str, party, width| InputPort {
            name: name.to_owned(),
            party: PartyId(party),
            shape: Shape::unsigned(width),
        };
        let output =
            OutputPort { name: String::new(), recipients: vec![PartyId(0), PartyId(1)], shape: Shape::unsigned(2) };
        let inputs = vec![input("x", 0, 1), input("a \"name\"", 1, n)];
        blocks.into_circuit(main, vec!["alice".into(), "bob".into()], inputs, vec![output])
    }

    #[test]
    fn inputs_gates_and_outputs_are_drawn() {
        let dot = dot(&chain(2)).unwrap();
        for part in [
            "digraph {",
            "label=\"alice: x\"",
            "label=\"bob: a \\\"name\\\"[1]\"",
            "label=\"AND 2\"",
            "label=\"alice, bob: result[0]\"",
            "label=\"1\" shape=plaintext",
        ] {
            assert!(dot.contains(part), "{part} is not in {dot}");
        }
        assert_eq!(dot.matches("arrowhead=odot").count(), 3, "{dot}");
        assert_eq!(dot.matches(" -> ").count(), 2 * 2 + 2);
    }

    #[test]
    fn large_circuits_are_not() {
        assert!(dot(&chain(400)).is_ok());
        let refused = dot(&chain(1_000_000)).unwrap_err().to_string();
        assert_eq!(refused, "the circuit has 2000003 gates, inputs and outputs; pictures have at most 1000");
        assert!(dot(&chain(700)).is_err());
    }
}
