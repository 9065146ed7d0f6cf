//! A signed record on its way from a parsing thread to the writer: all that its rows need except leaf and
//! time.

use crate::catalog::Kind;
use crate::clock::{Day, Moment};
use crate::error::{Error, Result};
use crate::record::{Digest, Salt, State};
use crate::registry::base::happened::Happened;
use crate::registry::records::signed::{Signed, SignedHolder};
use crate::registry::records::submitted::{Beginning, Origin};
use crate::trust::{Envelope, HolderKey, random};

/// Merge order: first holder's key, type, line. Two items never have the same.
pub(super) type SortKey = [u8; 48];

/// A record ready for the writer.
pub(super) struct Item {
    pub line: u64,
    pub origin: Origin,
    pub record_id: [u8; 16],
    pub salt: Salt,
    /// The key that signed it.
    pub kid: [u8; 32],
    pub signed: Signed,
    /// A hash of the first holder's name, by which the names of one file are told apart; 0 where it is not known.
    pub name: u64,
}

impl Item {
    /// Takes over a signed record that stood on `line`, of a holder with that name.
    pub fn of(signed: Signed, origin: Origin, line: u64, name: Option<&str>) -> Result<Self> {
        let name = name.map_or(0, |name| {
            Digest::of(&[name.as_bytes()]).0.first_chunk().copied().map_or(0, u64::from_be_bytes)
        });
        let kid = *Envelope::parse_stored(&signed.envelope)?.kid()?.bytes();
        Ok(Self { line, origin, record_id: random::pooled()?, salt: random::salt()?, kid, signed, name })
    }

    /// The key of its first holder.
    pub fn first_holder(&self) -> [u8; 16] {
        self.signed.seats.first().map_or([0; 16], |seat| *seat.hk.bytes())
    }

    /// Its place in the merge.
    pub fn sort_key(&self) -> SortKey {
        let mut key = [0; 48];
        let (holder, rest) = key.split_at_mut(16);
        if let Some(first) = self.signed.seats.first() {
            holder.copy_from_slice(first.hk.bytes());
        }
        let (type_code, line) = rest.split_at_mut(24);
        type_code.iter_mut().zip(self.signed.type_code.bytes()).for_each(|(place, byte)| *place = byte);
        line.copy_from_slice(&self.line.to_be_bytes());
        key
    }

    /// The event of its creation.
    pub fn happened(&self, actor: &str, at: Moment) -> Happened {
        Happened::unordered(self.signed.event(self.origin.beginning.action(), actor, self.salt, at))
    }

    /// Appends the form in which it is spilled: sort key first.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        let signed = &self.signed;
        out.extend_from_slice(&self.sort_key());
        for fixed in [&self.record_id[..], &self.salt.0, &self.kid, &signed.content.0, &signed.digest.0] {
            out.extend_from_slice(fixed);
        }
        let none = i32::MIN;
        for day in [Some(signed.issued_on), signed.valid_from, signed.valid_to] {
            out.extend_from_slice(&day.map_or(none, Day::number).to_be_bytes());
        }
        out.push(signed.secret_identifier.into());
        out.push((self.origin.beginning == Beginning::TransferIn).into());
        out.extend_from_slice(&self.origin.as_of.map_or(i64::MIN, Moment::micros).to_be_bytes());
        out.push(u8::try_from(signed.keys.len()).map_err(Error::internal)?);
        out.push(u8::try_from(signed.seats.len()).map_err(Error::internal)?);
        signed.keys.iter().for_each(|key| out.extend_from_slice(key));
        let number = signed.number.as_deref().unwrap_or_default();
        let texts = [signed.kind.wire(), &signed.type_code, &signed.identifier, &signed.issuer, number];
        for part in texts.into_iter().chain([signed.printed.map_or("", State::wire)]) {
            framed(out, part.as_bytes())?;
        }
        for seat in &signed.seats {
            out.extend_from_slice(seat.hk.bytes());
            for part in [&seat.code_type, &seat.code, &seat.role] {
                framed(out, part.as_bytes())?;
            }
        }
        framed(out, &signed.envelope)?;
        out.extend_from_slice(&self.name.to_be_bytes());
        Ok(())
    }

    /// Reads the bytes of [`Item::write`]; none if a byte is missing or left over.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = Rest(bytes);
        let sort: SortKey = rest.fixed()?;
        let line = u64::from_be_bytes(*sort.last_chunk()?);
        let (record_id, salt, kid) = (rest.fixed()?, Salt(rest.fixed()?), rest.fixed()?);
        let (content, digest) = (Digest(rest.fixed()?), Digest(rest.fixed()?));
        let mut day = || Some(Day::from_number(i32::from_be_bytes(rest.fixed()?)));
        let (issued_on, valid_from, valid_to) = (day()??, day()?, day()?);
        let [secret, moved] = rest.fixed::<2>()?;
        let as_of = i64::from_be_bytes(rest.fixed()?);
        let [keys, seats] = rest.fixed::<2>()?;
        let keys = (0..keys).map(|_| rest.fixed()).collect::<Option<Vec<_>>>()?;
        let kind = Kind::from_wire(&rest.text()?)?;
        let (type_code, identifier, issuer, number) =
            (rest.text()?, rest.text()?, rest.text()?, rest.text()?);
        let printed = match rest.text()?.as_str() {
            "" => None,
            state => Some(State::from_wire(state)?),
        };
        let seats = (0..seats).map(|_| rest.seat()).collect::<Option<Vec<_>>>()?;
        let envelope = rest.part()?.to_vec();
        // A run that an earlier program began has none.
        let name = if rest.0.is_empty() { 0 } else { u64::from_be_bytes(rest.fixed()?) };
        let signed = Signed {
            kind,
            type_code,
            identifier,
            secret_identifier: secret == 1,
            issuer,
            number: (!number.is_empty()).then_some(number),
            version: 1,
            printed,
            replaces: None,
            issued_on,
            valid_from,
            valid_to,
            seats,
            content,
            keys,
            envelope,
            digest,
        };
        let beginning = if moved == 1 { Beginning::TransferIn } else { Beginning::Issue };
        let as_of = (as_of != i64::MIN).then(|| Moment::from_micros(as_of));
        let origin = Origin { beginning, as_of };
        rest.0.is_empty().then_some(Self { line, origin, record_id, salt, kid, signed, name })
    }
}

fn framed(out: &mut Vec<u8>, part: &[u8]) -> Result<()> {
    out.extend_from_slice(&u32::try_from(part.len()).map_err(Error::internal)?.to_be_bytes());
    out.extend_from_slice(part);
    Ok(())
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (part, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*part)
    }

    fn part(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(u32::from_be_bytes(self.fixed()?)).ok()?;
        let (part, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(part)
    }

    fn seat(&mut self) -> Option<SignedHolder> {
        Some(SignedHolder {
            hk: HolderKey::from_bytes(self.fixed()?),
            code_type: self.text()?,
            code: self.text()?,
            role: self.text()?,
        })
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.part()?.to_vec()).ok()
    }
}
