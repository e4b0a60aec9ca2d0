//! Door: HTTP towards others; today the sample outlets of the demo.
