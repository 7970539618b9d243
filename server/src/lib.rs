//! Kvarium on an operating system.
