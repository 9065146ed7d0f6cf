//! The rights of a client of the API: as names, as a set, and as types for signatures of handlers.
//!
//! A scope opens an address; for each request, policy decides what the client may see behind it.

use std::fmt;

pub use crate::policy::Scope;

macro_rules! permissions {
    ($($variant:ident)*) => {
        /// One type for each scope, so that a handler's signature names it: `Client<may::Lookup>`.
        pub mod may {
            use super::{Permission, Scope};
            $(
                #[doc = concat!("[`Scope::", stringify!($variant), "`].")]
                #[derive(Debug, Clone, Copy)]
                pub struct $variant;
                impl Permission for $variant { const SCOPE: Option<Scope> = Some(Scope::$variant); }
            )*
            /// Any client with a valid token.
            #[derive(Debug, Clone, Copy)]
            pub struct SignedIn;
            impl Permission for SignedIn { const SCOPE: Option<Scope> = None; }
        }
    };
}

permissions!(Lookup Verify Issue Act Holder Coverage Attachment Export Catalog Accesses Apply);

/// Its bit in a token: its place in the list, which only ever grows at its end.
fn bit(scope: Scope) -> u32 {
    Scope::ALL.iter().zip(0_u32..).find(|(one, _)| **one == scope).map_or(0, |(_, place)| 1 << place)
}

/// A permission a handler can ask for.
pub trait Permission: 'static {
    /// The scope the token must carry; `None`: any valid token.
    const SCOPE: Option<Scope>;
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Scopes(u32);

impl Scopes {
    /// The set with that one added.
    pub fn with(self, scope: Scope) -> Self {
        Self(self.0 | bit(scope))
    }

    /// Whether the scope is in the set.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// The scopes in both.
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether nothing is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names, separated by spaces, as RFC 6749 §3.3 writes them.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(' ').filter(|name| !name.is_empty()).try_fold(Self::default(), |set, name| {
            Scope::ALL.iter().find(|scope| scope.wire() == name).map(|scope| set.with(*scope))
        })
    }

    /// The bits, for a token.
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    /// The set of these bits; bits of no scope are dropped.
    pub(super) fn from_bits(bits: u32) -> Self {
        Scope::ALL
            .iter()
            .filter(|scope| bits & bit(**scope) != 0)
            .fold(Self::default(), |set, one| set.with(*one))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            Scope::ALL.iter().filter(|scope| self.contains(**scope)).map(|scope| scope.wire()).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_what_its_text_says() {
        let all: Scopes = Scope::ALL.iter().copied().collect();
        assert_eq!(Scopes::parse(&all.to_string()), Some(all));
        assert_eq!(Scopes::from_bits(all.bits()), all);
        assert_eq!(Scopes::from_bits(u32::MAX), all);
        assert_eq!(Scopes::parse("lookup everything"), None);
        assert!(Scopes::parse("").unwrap().is_empty());
        for &scope in Scope::ALL {
            assert_eq!(Scopes::default().with(scope).bits().count_ones(), 1, "a bit of its own: {scope:?}");
        }
        assert_eq!(all.bits().count_ones() as usize, Scope::ALL.len());
    }
}
