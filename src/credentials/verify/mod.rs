//! What a registry says of a credential, before it takes the place of one that works.

#![allow(dead_code)] // until the sources call it

mod address;
mod challenge;
