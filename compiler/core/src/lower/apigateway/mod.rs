//! API Gateway: HTTP APIs, and REST APIs with the templates between their routes and tables or workflows.

mod domain;
mod forms;
pub(super) mod http;
mod mapping;
pub(super) mod rest;
mod shared;
