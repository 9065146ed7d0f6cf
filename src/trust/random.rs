//! Randomness, from the operating system and from nowhere else.
//!
//! [`fill`] is for keys. [`pooled`] is for nonces and salts, which are many and short: a pool of each thread
//! saves the system call, and handed-out bytes are wiped from it.

use std::cell::RefCell;

use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroize as _;

use crate::record::digest::Salt;
use crate::record::identifier;

const POOL: usize = 4096;

/// The operating system gave no randomness; nothing secret can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomFault;

/// Fills the bytes from the operating system.
pub fn fill(bytes: &mut [u8]) -> Result<(), RandomFault> {
    SystemRandom::new().fill(bytes).ok().ok_or(RandomFault)
}

struct Pool {
    bytes: [u8; POOL],
    used: usize,
}

thread_local! {
    static THREAD_POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL], used: POOL }) };
}

/// `N` random bytes out of this thread's pool; for nonces and salts, not for keys.
pub fn pooled<const N: usize>() -> Result<[u8; N], RandomFault> {
    const { assert!(N <= POOL) };
    THREAD_POOL.with_borrow_mut(|pool| {
        if POOL - pool.used < N {
            pool.used = POOL;
            fill(&mut pool.bytes)?;
            pool.used = 0;
        }
        let mut out = [0; N];
        let taken = pool.bytes.get_mut(pool.used..pool.used + N).ok_or(RandomFault)?;
        out.copy_from_slice(taken);
        taken.zeroize();
        pool.used += N;
        Ok(out)
    })
}

/// A fresh salt.
pub fn salt() -> Result<Salt, RandomFault> {
    pooled().map(Salt)
}

/// A fresh serial of 20 characters 0-9A-Z for an identifier made here.
pub fn serial() -> Result<String, RandomFault> {
    identifier::random_serial(|bytes| {
        bytes.copy_from_slice(pooled::<32>()?.get(..bytes.len()).ok_or(RandomFault)?);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_pool_never_hands_out_the_same_bytes_twice() {
        let draw = || (0..3000).map(|_| pooled::<12>().unwrap()).collect::<Vec<_>>();
        let mut all = draw();
        all.extend(std::thread::spawn(draw).join().unwrap());
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        assert!(!all.contains(&[0; 12]));
    }

    #[test]
    fn serials_differ_and_fit_an_identifier() {
        let serials: HashSet<_> = (0..200).map(|_| serial().unwrap()).collect();
        assert_eq!(serials.len(), 200);
        for serial in serials {
            assert!(identifier::Identifier::compose("11100000MB03271699001", "340100", &serial, 1).is_ok());
        }
    }
}
