//! Checks every invariant that [`crate::circuit`] states.
//!
//! Run after each pass in tests and in debug builds, and on circuits that come from files. What it accepts, the evaluator,
//! the statistics and the scheduler take without a panic. Takes time linear in the nodes, arguments and outputs stored.

use crate::circuit::{Block, Call, Circuit, InputPort, Node, OutputPort};
use crate::id::{BlockId, NodeId, PartyId, Wire};
use crate::shape::Shape;

/// What is wrong with a circuit, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// There is no main block.
    #[error("the circuit has no blocks")]
    NoMain,
    /// A port belongs to a party that is not declared.
    #[error("port `{port}` names party {} of {n_parties}", party.0)]
    UnknownParty {
        /// The port's name.
        port: String,
        /// The party.
        party: PartyId,
        /// How many parties there are.
        n_parties: usize,
    },
    /// Recipients are not in ascending order, or one occurs twice.
    #[error("the recipients of output `{port}` are not in ascending order")]
    RecipientOrder {
        /// The port's name.
        port: String,
    },
    /// The ports do not have as many bits as main.
    #[error("the {side} ports have {ports} bits and main has {main}")]
    PortWidth {
        /// Which ports.
        side: Side,
        /// Bits of the ports.
        ports: u64,
        /// Bits of main.
        main: u64,
    },
    /// A block has more nodes than wires can name.
    #[error("block {} has {n_nodes} nodes; at most {} are possible", block.0, Wire::NODES_MAX)]
    TooManyNodes {
        /// The block.
        block: BlockId,
        /// How many.
        n_nodes: usize,
    },
    /// `origins` is not as long as `nodes`.
    #[error("block {} has {n_nodes} nodes but {n_origins} origins", block.0)]
    OriginCount {
        /// The block.
        block: BlockId,
        /// Its nodes.
        n_nodes: usize,
        /// Its origins.
        n_origins: usize,
    },
    /// Node 0 is not the constant, or another node is; an input is missing, or stands elsewhere.
    #[error("node {} of block {} is {found}; expected {expected}", node.0, block.0)]
    Layout {
        /// The block.
        block: BlockId,
        /// The node.
        node: NodeId,
        /// What is there.
        found: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// A gate reads a node that is not before it.
    #[error("node {} of block {} reads node {}, which is not before it", node.0, block.0, operand.0)]
    Forward {
        /// The block.
        block: BlockId,
        /// The gate.
        node: NodeId,
        /// What it reads.
        operand: NodeId,
    },
    /// A gate has a constant operand.
    #[error("node {} of block {} has a constant operand", node.0, block.0)]
    ConstantOperand {
        /// The block.
        block: BlockId,
        /// The gate.
        node: NodeId,
    },
    /// A gate's operands are in the wrong order, or from the same node.
    #[error("node {} of block {}: the first operand's node is not smaller than the second's", node.0, block.0)]
    OperandOrder {
        /// The block.
        block: BlockId,
        /// The gate.
        node: NodeId,
    },
    /// An XOR has a complemented operand.
    #[error("node {} of block {} is an XOR with a complemented operand", node.0, block.0)]
    ComplementedXor {
        /// The block.
        block: BlockId,
        /// The gate.
        node: NodeId,
    },
    /// A result is not where its call says.
    #[error("node {} of block {} is not the result that its call has there", node.0, block.0)]
    StrayResult {
        /// The block.
        block: BlockId,
        /// The node.
        node: NodeId,
    },
    /// A call's results are not there, or overlap those of the call before.
    #[error("the results of call {call} of block {} are not consecutive nodes after those of the call before", block.0)]
    MissingResults {
        /// The block.
        block: BlockId,
        /// Position in its calls.
        call: usize,
    },
    /// A block calls itself or a later one.
    #[error("block {} calls block {}, which is not before it", block.0, callee.0)]
    Callee {
        /// The calling block.
        block: BlockId,
        /// The block it calls.
        callee: BlockId,
    },
    /// A call's numbers of iterations, arguments and results do not fit the callee.
    #[error("call {call} of block {} has {n_args} arguments, {n_results} results and {count} iterations: \
             they do not fit the callee", block.0)]
    CallCounts {
        /// The calling block.
        block: BlockId,
        /// Position in its calls.
        call: usize,
        /// Iterations.
        count: u64,
        /// Arguments.
        n_args: usize,
        /// Results.
        n_results: u32,
    },
    /// A call reads a node that is not before its first result.
    #[error("call {call} of block {} reads node {}, which is not before its results", block.0, operand.0)]
    ForwardArgument {
        /// The calling block.
        block: BlockId,
        /// Position in its calls.
        call: usize,
        /// What it reads.
        operand: NodeId,
    },
    /// An output names a node that does not exist.
    #[error("output {output} of block {} reads node {}, which does not exist", block.0, node.0)]
    DanglingOutput {
        /// The block.
        block: BlockId,
        /// Position in its outputs.
        output: usize,
        /// The node.
        node: NodeId,
    },
}

/// Which border of the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the parties give.
    Input,
    /// What they learn.
    Output,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Side::Input => "input",
            Side::Output => "output",
        })
    }
}

/// Whether `circuit` keeps every invariant.
///
/// # Errors
/// The first violation found.
pub fn verify(circuit: &Circuit) -> Result<(), Invalid> {
    let main = circuit.blocks.last().ok_or(Invalid::NoMain)?;
    verify_ports(circuit, main)?;
    for (i, block) in circuit.blocks.iter().enumerate() {
        verify_block(&circuit.blocks[..i], block)?;
    }
    Ok(())
}

/// Whether `block` keeps every invariant, as the block after `callees`.
///
/// # Errors
/// The first violation found.
pub fn verify_block(callees: &[Block], block: &Block) -> Result<(), Invalid> {
    let id = BlockId(callees.len() as u32);
    let (n_nodes, n_origins) = (block.nodes.len(), block.origins.len());
    if n_nodes > Wire::NODES_MAX {
        return Err(Invalid::TooManyNodes { block: id, n_nodes });
    }
    if n_origins != n_nodes {
        return Err(Invalid::OriginCount { block: id, n_nodes, n_origins });
    }
    if n_nodes <= block.n_inputs as usize {
        let node = NodeId(n_nodes as u32);
        let expected = if n_nodes == 0 { "the constant" } else { "an input" };
        return Err(Invalid::Layout { block: id, node, found: "missing", expected });
    }
    let mut end = 0;
    for (i, call) in block.calls.iter().enumerate() {
        Calling { id, block, call, position: i }.verify(callees, end)?;
        end = call.first_result.0 as usize + call.n_results as usize;
    }
    for (i, &node) in block.nodes.iter().enumerate() {
        verify_node(id, block, NodeId(i as u32), node)?;
    }
    match block.outputs.iter().position(|wire| wire.node().0 as usize >= n_nodes) {
        Some(output) => Err(Invalid::DanglingOutput { block: id, output, node: block.outputs[output].node() }),
        None => Ok(()),
    }
}

fn verify_ports(circuit: &Circuit, main: &Block) -> Result<(), Invalid> {
    for InputPort { name, party, .. } in &circuit.inputs {
        verify_party(circuit, name, *party)?;
    }
    for OutputPort { name, recipients, .. } in &circuit.outputs {
        recipients.iter().try_for_each(|party| verify_party(circuit, name, *party))?;
        if !recipients.is_sorted_by(|a, b| a < b) {
            return Err(Invalid::RecipientOrder { port: name.clone() });
        }
    }
    let width = |shapes: &mut dyn Iterator<Item = &Shape>| shapes.fold(0u64, |sum, s| sum.saturating_add(s.width()));
    let inputs = width(&mut circuit.inputs.iter().map(|port| &port.shape));
    let outputs = width(&mut circuit.outputs.iter().map(|port| &port.shape));
    verify_width(Side::Input, inputs, u64::from(main.n_inputs))?;
    verify_width(Side::Output, outputs, main.outputs.len() as u64)
}

fn verify_party(circuit: &Circuit, port: &str, party: PartyId) -> Result<(), Invalid> {
    let n_parties = circuit.parties.len();
    if (party.0 as usize) < n_parties {
        return Ok(());
    }
    Err(Invalid::UnknownParty { port: port.to_owned(), party, n_parties })
}

fn verify_width(side: Side, ports: u64, main: u64) -> Result<(), Invalid> {
    if ports == main { Ok(()) } else { Err(Invalid::PortWidth { side, ports, main }) }
}

fn verify_node(id: BlockId, block: &Block, node_id: NodeId, node: Node) -> Result<(), Invalid> {
    let expected = match node_id.0 {
        0 => "the constant",
        i if i <= block.n_inputs => "an input",
        _ => "a gate or a result",
    };
    let found = match node {
        Node::False => "the constant",
        Node::Input => "an input",
        Node::And(..) | Node::Xor(..) | Node::Result { .. } => "a gate or a result",
    };
    if found != expected {
        return Err(Invalid::Layout { block: id, node: node_id, found, expected });
    }
    match node {
        Node::False | Node::Input => Ok(()),
        Node::And(a, b) => verify_operands(id, node_id, a, b),
        Node::Xor(a, b) if a.is_complemented() || b.is_complemented() => {
            Err(Invalid::ComplementedXor { block: id, node: node_id })
        }
        Node::Xor(a, b) => verify_operands(id, node_id, a, b),
        Node::Result { call, index } => match block.calls.get(call as usize) {
            Some(call)
                if index < call.n_results
                    && u64::from(call.first_result.0) + u64::from(index) == u64::from(node_id.0) =>
            {
                Ok(())
            }
            _ => Err(Invalid::StrayResult { block: id, node: node_id }),
        },
    }
}

fn verify_operands(block: BlockId, node: NodeId, a: Wire, b: Wire) -> Result<(), Invalid> {
    if let Some(operand) = [a.node(), b.node()].into_iter().find(|&operand| operand >= node) {
        return Err(Invalid::Forward { block, node, operand });
    }
    if a.as_constant().is_some() || b.as_constant().is_some() {
        return Err(Invalid::ConstantOperand { block, node });
    }
    if a.node() >= b.node() {
        return Err(Invalid::OperandOrder { block, node });
    }
    Ok(())
}

/// One call and where it stands.
struct Calling<'a> {
    id: BlockId,
    block: &'a Block,
    call: &'a Call,
    position: usize,
}

impl Calling<'_> {
    /// `end` is where the results of the call before end.
    fn verify(&self, callees: &[Block], end: usize) -> Result<(), Invalid> {
        let (block, call) = (self.id, self.call);
        let Some(callee) = callees.get(call.callee.0 as usize) else {
            return Err(Invalid::Callee { block, callee: call.callee });
        };
        if expected_counts(callee, call) != Some((call.args.len() as u64, u64::from(call.n_results))) {
            let (count, n_args, n_results) = (call.count, call.args.len(), call.n_results);
            return Err(Invalid::CallCounts { block, call: self.position, count, n_args, n_results });
        }
        let first = call.first_result.0 as usize;
        let results = self.block.nodes.get(first..first.saturating_add(call.n_results as usize));
        let in_order =
            |(i, node): (usize, &Node)| *node == Node::Result { call: self.position as u32, index: i as u32 };
        if first < end || !results.is_some_and(|results| results.iter().enumerate().all(in_order)) {
            return Err(Invalid::MissingResults { block, call: self.position });
        }
        match call.args.iter().find(|arg| arg.node() >= call.first_result) {
            Some(arg) => Err(Invalid::ForwardArgument { block, call: self.position, operand: arg.node() }),
            None => Ok(()),
        }
    }
}

/// How many arguments and results a call must have; `None` where its state and shared values do not fit the callee.
fn expected_counts(callee: &Block, call: &Call) -> Option<(u64, u64)> {
    let (state, shared) = (u64::from(call.n_state), u64::from(call.n_shared));
    let each_in = u64::from(callee.n_inputs).checked_sub(state + shared)?;
    let each_out = (callee.outputs.len() as u64).checked_sub(state)?;
    let n_args = call.count.checked_mul(each_in)?.checked_add(state + shared)?;
    let n_results = call.count.checked_mul(each_out)?.checked_add(state)?;
    (call.count > 0).then_some((n_args, n_results))
}

#[cfg(test)]
mod tests;
