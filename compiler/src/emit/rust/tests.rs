//! What the backend writes for small systems, and that nothing in a spec can break out of where it stands.
