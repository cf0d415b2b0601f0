//! Templates of each kind of route.
