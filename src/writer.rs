//! Conductor: owns the store and the clusterer; one batch is one transaction.
