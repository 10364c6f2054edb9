//! The common questions as routes: parameters in, one SQL statement of `core::question`, rows out.

mod listing;
mod rows;
mod scope;
mod shares;
mod users;

pub(crate) use listing::{list_events, list_rejected};
pub(crate) use shares::{event_trends, event_types, top_pages, top_sources, top_users, user_distribution};
pub(crate) use users::{funnel, paths, retention, sessions};

pub(crate) mod openapi {
    //! What the macros made for `openapi.json`.
    pub(crate) use super::listing::{__path_list_events, __path_list_rejected};
    pub(crate) use super::shares::{
        __path_event_trends, __path_event_types, __path_top_pages, __path_top_sources, __path_top_users,
        __path_user_distribution,
    };
    pub(crate) use super::users::{__path_funnel, __path_paths, __path_retention, __path_sessions};
}
