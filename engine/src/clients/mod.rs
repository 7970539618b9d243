//! Small state machines around a connection, none of which knows another.

pub mod blocked;
pub mod client;
pub mod pubsub;
pub mod transaction;
