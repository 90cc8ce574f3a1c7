//! Which components may talk and which versions may run together.
