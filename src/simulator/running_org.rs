//! One org as its server has it.

use std::sync::Arc;

use super::service::OrgService;
use super::shadow::OrgShadow;

/// What answers for an org, and the real org that it shadows.
pub(super) struct RunningOrg {
    pub(super) service: Arc<OrgService>,
    pub(super) shadow: Option<OrgShadow>,
}
