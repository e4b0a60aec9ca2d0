//! One binary of tests; every file holds one feature.
//!
//! The modules are marked as tests although all of this is one, so that the lints let their helpers `unwrap`.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod bombs;
#[cfg(test)]
mod captures;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod concepts;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod corrections;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod damaged;
#[cfg(test)]
mod digests;
#[cfg(test)]
mod editions;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod exposition;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod fetching;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod house;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod library;
#[cfg(test)]
mod markup;
#[cfg(test)]
mod mutate;
#[cfg(test)]
mod order;
#[cfg(test)]
mod origin;
#[cfg(test)]
mod payloads;
#[cfg(test)]
mod politeness;
#[cfg(test)]
mod politeness_bodies;
#[cfg(test)]
mod politeness_hosts;
#[cfg(test)]
mod politeness_network;
#[cfg(test)]
mod polling;
#[cfg(test)]
mod post_office;
#[cfg(test)]
mod python;
#[cfg(test)]
mod quarantine;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod rebuild;
#[cfg(test)]
mod renderings;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod safety;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod seen;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod sound;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod storing;
#[cfg(test)]
mod tangles;
#[cfg(test)]
mod traps;
#[cfg(test)]
mod watched;
#[cfg(test)]
mod weights;
#[cfg(test)]
mod world;
