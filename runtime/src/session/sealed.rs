//! A plan that is ready for sessions: checked once, its digest computed once.

use std::ops::Deref;
use std::sync::Arc;

use hushgate_circuits::plan::{Invalid, Plan};

/// A valid plan and its digest. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SealedPlan {
    /// Keeps every invariant of [`Plan`].
    plan: Arc<Plan>,
    /// Always that of the plan.
    digest: [u8; 32],
}

impl SealedPlan {
    /// Checks `plan`.
    ///
    /// # Errors
    /// If it breaks an invariant.
    pub fn new(plan: impl Into<Arc<Plan>>) -> Result<SealedPlan, Invalid> {
        let plan = plan.into();
        plan.validate()?;
        Ok(SealedPlan { digest: plan.digest(), plan })
    }

    /// What both parties compare.
    #[must_use]
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

impl Deref for SealedPlan {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.plan
    }
}
