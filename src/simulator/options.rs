//! What a scenario may turn: delays, limits, and one option for each answer of Okta's that is not known for certain.

use serde::{Deserialize, Serialize};

/// Options of one org. Every field has the default that is believed most likely.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct OrgOptions {
    pub(super) limits: LimitOptions,
    pub(super) assumptions: OrgAssumptions,
    /// Time added to every answer, in milliseconds.
    pub(super) latency_ms: u64,
    /// Time from a change to its provisioning job, in milliseconds. `None` is 2,000.
    pub(super) job_delay_ms: Option<u64>,
    /// Time for which a job waits for an agent before it fails, in milliseconds. `None` is 30,000.
    pub(super) agent_timeout_ms: Option<u64>,
    /// Simultaneous calls the org takes before it answers a concurrency 429; `None` is 75.
    pub(super) concurrency: Option<usize>,
    /// Time for which a changed membership is not yet seen by reads, in milliseconds.
    pub(super) membership_lag_ms: u64,
    /// Time for which a new group answers 404 and is missing in lists and searches, in milliseconds.
    pub(super) new_group_lag_ms: u64,
    pub(super) oauth: OAuthOptions,
}

/// The org authorization server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct OAuthOptions {
    /// Life of an access token; Okta's is 3600 and fixed.
    pub(super) token_life_seconds: u64,
    /// Time that a device waits between two questions.
    pub(super) device_interval_seconds: u64,
}

impl Default for OAuthOptions {
    fn default() -> Self {
        Self { token_life_seconds: 3600, device_interval_seconds: 5 }
    }
}

/// Rate limits of the org.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct LimitOptions {
    pub(super) enabled: bool,
    /// Length of a window in seconds; Okta's is 60.
    pub(super) window_seconds: u64,
    /// Multiplies every bucket's figure.
    pub(super) scale: f64,
    /// Share of a bucket one token may use, in percent; Okta's default is 50.
    pub(super) token_share_percent: u64,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self { enabled: true, window_seconds: 60, scale: 1.0, token_share_percent: 50 }
    }
}

/// One field for each answer that documentation and recordings leave open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct OrgAssumptions {
    pub(super) group_scope_without_group: GroupScopeWithoutGroup,
    pub(super) assign_existing_app_user: AssignExistingAppUser,
    pub(super) priority_omitted: PriorityOmitted,
    pub(super) app_group_put_without_profile: PutWithoutProfile,
    pub(super) unknown_organizational_unit: UnknownOrganizationalUnit,
    pub(super) dn_after_move: DnAfterMove,
    pub(super) dn_attribute: DnAttribute,
    pub(super) group_link: Shown,
    /// Whether `GROUP_PUSH` is among an AD instance's features when its To App options are on.
    pub(super) group_push_feature: Shown,
    pub(super) missing_app_user_type: MissingAppUserType,
    pub(super) ad_sourced_moves: AdSourcedMoves,
    pub(super) repeated_member_write: RepeatedMemberWrite,
    pub(super) sync_state: SyncStateShown,
    pub(super) connection_check: ConnectionCheck,
    pub(super) initial_status_omitted: InitialStatusOmitted,
    pub(super) pushed_name_taken: PushedNameTaken,
    pub(super) later_members: LaterMembers,
    pub(super) group_push_refusal: GroupPushRefusal,
    pub(super) answer_status: AnswerStatus,
    pub(super) missing_push_type: MissingPushType,
    /// Whether the target of a push, which no list shows, is read by its id.
    pub(super) push_target: Shown,
    pub(super) repeated_push: RepeatedPush,
    pub(super) delete_active_push: DeleteActivePush,
    pub(super) repeated_activation: RepeatedActivation,
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($(#[$vdoc])* $variant),+ }
    )+ };
}

answers! {
    /// `{"scope":"GROUP"}` for a user in no group that is assigned to the app.
    GroupScopeWithoutGroup {
        /// 200, then a background job removes the assignment: the harmful answer, hence the default.
        #[default] LoseAssignment,
        /// 400 E0000001.
        Refuse,
        /// 200, and the scope stays USER.
        KeepUserScope,
    }
    /// `POST /apps/{a}/users` for a user who is assigned already.
    AssignExistingAppUser { #[default] Update, Conflict }
    /// An app group assigned without a priority while others exist.
    PriorityOmitted { #[default] Append, First }
    /// `PUT` of an existing app group without `profile`.
    PutWithoutProfile { #[default] Keep, Clear }
    /// An `organizationalUnit` that the directory does not have.
    UnknownOrganizationalUnit { #[default] Accept, Refuse }
    /// When `profile.dn` of the app user changes after a move made by Okta.
    DnAfterMove {
        /// When the agent's job succeeded.
        #[default] OnSuccess,
        /// At the call that triggers the job, before the directory has moved anything.
        AtOnce,
        /// Only at the next import.
        AtImport,
    }
    /// Name of the attribute that holds the distinguished name.
    DnAttribute { #[default] Dn, DistinguishedName }
    /// Whether an optional part is shown.
    Shown { #[default] Present, Absent }
    /// Type named in E0000007 for a user who is not assigned to the app.
    MissingAppUserType { #[default] AppUser, User, AppInstance }
    /// Whether users whose profile is sourced by AD are moved by groups.
    AdSourcedMoves { #[default] No, Yes }
    /// Adding a present member, or removing an absent one.
    RepeatedMemberWrite { #[default] NoContent, Refuse }
    /// `syncState` of app users of an AD instance.
    SyncStateShown { #[default] Tracked, Disabled }
    /// Whether the credentials of a provisioning connection are tried when it is activated.
    ConnectionCheck { #[default] AtActivation, Never }
    /// What becomes of a user whose assignment to an Org2Org app names no initial status.
    #[expect(clippy::enum_variant_names, reason = "the values of the attribute")]
    InitialStatusOmitted { #[default] ActiveWithPass, ActiveWithoutPass, PendingWithPass, PendingWithoutPass }
    /// A pushed group whose name the hub has already.
    PushedNameTaken {
        /// It is linked, and its other members are taken out at once: the harmful answer, hence the default.
        #[default] Link,
        /// A second group is made, which the hub refuses.
        Create,
    }
    /// A member who was provisioned after his group was pushed.
    LaterMembers {
        /// Missing until the group is pushed anew (observed practice).
        #[default] Missing,
        Added,
    }
    /// How refusals of group push are told.
    GroupPushRefusal {
        /// E0000001.
        #[default] Validation,
        /// E0000027.
        BadRequest,
    }
    /// The status of an answer where recordings and Okta's API description differ.
    AnswerStatus { #[default] Recorded, Described }
    /// Type named in E0000007 for a group push mapping that is not there.
    MissingPushType { #[default] GroupPushMapping, AppInstance }
    /// A mapping for a group that is pushed already.
    RepeatedPush {
        #[default] Refuse,
        /// The one that is there is the answer.
        Existing,
    }
    /// `DELETE` of an active group push mapping.
    DeleteActivePush { #[default] Refuse, Delete }
    /// The activation of what is active: an app, a provisioning connection.
    RepeatedActivation {
        #[default] Accept,
        /// 400 E0000001.
        Refuse,
    }
}
