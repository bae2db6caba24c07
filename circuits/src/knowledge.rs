//! Who knows a value in the clear, of the two parties that run a circuit.
//!
//! A value that depends on one party's inputs alone is known to that party. Gates with such operands are cheaper, down to nothing:
//! [`AndPrice`]. The protocol behind it is in `runtime::kernel`, the argument in `SECURITY.md`.

/// Who can compute a value without the other party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Knowledge {
    /// Both parties: it depends on no input.
    Public,
    /// The garbler.
    Garbler,
    /// The evaluator.
    Evaluator,
    /// Nobody.
    #[default]
    Secret,
}

/// What an AND costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AndPrice {
    /// Nobody knows an operand: two rows.
    Full,
    /// Somebody does.
    Known(Known),
}

/// Who knows which operand of an AND.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// The garbler knows both operands, and so the result: no rows.
    GarblerBoth,
    /// The garbler knows the first operand; nobody needs to know the second, or the result: one row.
    Garbler,
    /// The evaluator knows the second operand; nobody needs to know the first, or the result: one row.
    Evaluator,
    /// The evaluator knows both operands, and so the result: one row.
    EvaluatorBoth,
}

impl Knowledge {
    /// Who knows what depends on both values.
    #[must_use]
    pub const fn join(self, other: Knowledge) -> Knowledge {
        match (self, other) {
            (Knowledge::Public, known) | (known, Knowledge::Public) => known,
            (Knowledge::Garbler, Knowledge::Garbler) => Knowledge::Garbler,
            (Knowledge::Evaluator, Knowledge::Evaluator) => Knowledge::Evaluator,
            _ => Knowledge::Secret,
        }
    }

    /// As what a value known to both is handed to a block: as one of the garbler's, which costs nothing.
    #[must_use]
    pub const fn of_one_party(self) -> Knowledge {
        match self {
            Knowledge::Public => Knowledge::Garbler,
            known => known,
        }
    }

    /// Whether a value of which this is known may stand where `other` is expected.
    #[must_use]
    pub fn is_at_least(self, other: Knowledge) -> bool {
        self.join(other) == other
    }
}

impl AndPrice {
    /// The price of an AND of such operands, in either order.
    #[must_use]
    pub const fn of(a: Knowledge, b: Knowledge) -> AndPrice {
        match (a.of_one_party(), b.of_one_party()) {
            (Knowledge::Garbler, Knowledge::Garbler) => AndPrice::Known(Known::GarblerBoth),
            (Knowledge::Garbler, _) | (_, Knowledge::Garbler) => AndPrice::Known(Known::Garbler),
            (Knowledge::Evaluator, Knowledge::Evaluator) => AndPrice::Known(Known::EvaluatorBoth),
            (Knowledge::Evaluator, _) | (_, Knowledge::Evaluator) => AndPrice::Known(Known::Evaluator),
            _ => AndPrice::Full,
        }
    }
}

impl Known {
    /// All of them.
    pub const ALL: [Known; 4] = [Known::GarblerBoth, Known::Garbler, Known::Evaluator, Known::EvaluatorBoth];

    /// Rows of the garbled table, 16 bytes each.
    #[must_use]
    pub const fn rows(self) -> u32 {
        match self {
            Known::GarblerBoth => 0,
            Known::Garbler | Known::Evaluator | Known::EvaluatorBoth => 1,
        }
    }

    /// Who must know the operands for this price.
    #[must_use]
    pub const fn operands(self) -> [Knowledge; 2] {
        match self {
            Known::GarblerBoth => [Knowledge::Garbler, Knowledge::Garbler],
            Known::Garbler => [Knowledge::Garbler, Knowledge::Secret],
            Known::Evaluator => [Knowledge::Secret, Knowledge::Evaluator],
            Known::EvaluatorBoth => [Knowledge::Evaluator, Knowledge::Evaluator],
        }
    }

    /// Who knows the result.
    #[must_use]
    pub const fn result(self) -> Knowledge {
        let [a, b] = self.operands();
        a.join(b)
    }
}
