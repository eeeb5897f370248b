//! What the program asks of the operating system for itself.

/// Sees that no core dump holds keys and that no other program of the same user reads this one's memory. Where the
/// system refuses, the log says so and the program goes on: a container may not be able to do better.
pub fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    if let Err(error) = linux::keep_memory_private() {
        tracing::warn!(%error, "core dumps of this process cannot be ruled out; they would hold keys");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::io;
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

    pub fn keep_memory_private() -> io::Result<()> {
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)
    }

    #[cfg(test)]
    mod tests {
        use rustix::process::{dumpable_behavior, getrlimit};

        use super::*;

        #[test]
        fn nothing_of_the_process_can_be_dumped() {
            super::keep_memory_private().unwrap();
            assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), maximum: Some(0) });
            assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        }
    }
}
