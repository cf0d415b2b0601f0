//! The business logic of `order-pipe`: one module a function of the spec.

