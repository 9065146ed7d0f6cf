//! What the command line decides and the other layers are told.
