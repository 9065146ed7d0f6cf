//! A certificate that was only listed comes in with its body (a paper one is digitised): the entry gives way.

use super::old_rows;
use crate::error::Result;
use crate::registry::issue::Signed;
use crate::store::{RecordKey, Writer};

/// Puts a record that is being issued in the place of the directory entry with the same number, if there is one:
/// its rows go to the past records, its identifier leads to the new record from now on.
pub(in crate::registry) fn take_over(
    writer: &mut Writer<'_>,
    signed: &Signed,
    record_id: [u8; 16],
) -> Result<()> {
    let record = &signed.record;
    let Some(number) = &record.number else { return Ok(()) };
    let listed = writer.index().number_key(&record.issuer.code, &record.record_type.code, number, 0);
    let Some(known) = writer.record_key(&listed)? else { return Ok(()) };
    let rows = old_rows(writer, &known)?;
    let Some(first) = rows.first() else { return Ok(()) };
    let identifier = writer.index().identifier_key(&first.body.identifier);
    for row in &rows {
        writer.retire_record(row)?;
    }
    for key in [identifier, listed] {
        writer.replace_record_key(&RecordKey {
            key,
            record_id,
            version: 1,
            holders: signed.holders.clone(),
            content: signed.content.0,
        })?;
    }
    Ok(())
}
