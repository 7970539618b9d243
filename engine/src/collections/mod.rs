//! Data structures that know nothing of Redis.
