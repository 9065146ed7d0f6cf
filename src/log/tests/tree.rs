//! Hashing, frontier and proofs against published vectors and against the definition.

use proptest::prelude::*;

use super::{entries, leaves, reference_root};
use crate::log::batch::BatchTree;
use crate::log::frontier::Tree;
use crate::log::hash::{Hash, sha256};
use crate::log::proof::{NodeReader, consistency, extends, includes, inclusion};

const VECTORS: &str = include_str!("../../../fixtures/vectors/merkle.txt");

/// All leaves at hand: complete nodes by definition.
struct Whole<'l>(&'l [Hash]);

impl NodeReader for Whole<'_> {
    type Error = &'static str;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let from = usize::try_from(index << level).unwrap();
        let leaves = self.0.get(from..from + (1 << level)).ok_or("asked for a node that is not complete")?;
        Ok(reference_root(leaves))
    }
}

fn hex(text: &str) -> Vec<u8> {
    let text = text.trim_start_matches('-');
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hash(text: &str) -> Hash {
    Hash::from_slice(&hex(text)).unwrap()
}

fn proof_of(text: &str) -> Vec<Hash> {
    if text == "-" { Vec::new() } else { text.split(',').map(hash).collect() }
}

fn flipped(hash: &Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    Hash(bytes)
}

/// Each way to damage a proof a little: one bit of one hash, one hash less, one more, two swapped.
fn tampered(proof: &[Hash], bit: usize) -> Vec<Vec<Hash>> {
    let mut all = vec![[proof, &[Hash::empty_root()]].concat()];
    for place in 0..proof.len() {
        let mut one = proof.to_vec();
        one[place] = flipped(&one[place], bit);
        all.push(one);
        let mut less = proof.to_vec();
        less.remove(place);
        all.push(less);
        let mut swapped = proof.to_vec();
        swapped.swap(0, place);
        all.extend(Some(swapped).filter(|_| place > 0));
    }
    all
}

/// Whether a proof holds for one line of the vectors.
type Holds = Box<dyn Fn(&[Hash]) -> bool>;

#[test]
fn published_roots_and_proofs_hold_and_tampered_ones_do_not() {
    let lines = || VECTORS.lines().filter(|line| !line.starts_with('#'));
    let leaves: Vec<Hash> = lines()
        .filter_map(|line| line.strip_prefix("leaf "))
        .map(|data| Hash(sha256(&[&[0], hex(data).as_slice()].concat())))
        .collect();
    let roots: Vec<Hash> =
        lines().filter_map(|line| line.strip_prefix("root ")).map(|line| hash(&line[2..])).collect();
    let mut tree = Tree::empty();
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(tree.root(), *root, "size {size}");
        if let Some(leaf) = leaves.get(size) {
            tree.append(*leaf);
        }
    }
    let mut seen = 0;
    for line in lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [kind @ ("inclusion" | "consistency"), small, size, proof] = fields[..] else { continue };
        let (small, size): (u64, u64) = (small.parse().unwrap(), size.parse().unwrap());
        let (place, end) = (usize::try_from(small).unwrap(), usize::try_from(size).unwrap());
        let (proof, root) = (proof_of(proof), roots[end]);
        let mut whole = Whole(&leaves[..end]);
        let holds: Holds = if kind == "inclusion" {
            assert_eq!(inclusion(&mut whole, small, size).unwrap(), proof, "{line}");
            let leaf = leaves[place];
            Box::new(move |proof| includes(&root, size, small, &leaf, proof))
        } else {
            assert_eq!(consistency(&mut whole, small, size).unwrap(), proof, "{line}");
            let older = roots[place];
            Box::new(move |proof| extends(&older, small, &root, size, proof))
        };
        assert!(holds(&proof), "{line}");
        for wrong in tampered(&proof, 5) {
            assert!(!holds(&wrong), "{line}");
        }
        seen += 1;
    }
    assert_eq!(seen, 15);
}

#[test]
fn an_empty_proof_is_no_proof_between_different_trees() {
    let leaves = leaves(&entries("e", 0, 8));
    let (four, eight) = (reference_root(&leaves[..4]), reference_root(&leaves));
    assert!(!extends(&four, 4, &eight, 8, &[]));
    assert!(!extends(&four, 4, &four, 8, &[]));
    assert!(!extends(&eight, 8, &four, 4, &[]));
    assert!(extends(&Hash::empty_root(), 0, &eight, 8, &[]));
    assert!(!extends(&four, 0, &eight, 8, &[]));
    assert!(!includes(&eight, 8, 8, &leaves[7], &[]));
}

#[test]
fn a_proof_that_ends_below_or_above_the_root_is_refused() {
    let leaves = leaves(&entries("s", 0, 4));
    let (left, right) = (reference_root(&leaves[..2]), reference_root(&leaves[2..]));
    let four = reference_root(&leaves);
    assert!(extends(&left, 2, &four, 4, &[right]));
    assert!(!extends(&left, 2, &four, 5, &[right]), "these are the hashes of a smaller tree");
    assert!(!includes(&four, 4, 0, &left, &[right]), "a node passed off as a leaf");
    assert!(!includes(&four, 4, 0, &four, &[]), "the root passed off as a leaf");
}

#[test]
fn a_frontier_of_another_length_is_refused() {
    let mut tree = Tree::empty();
    leaves(&entries("f", 0, 13)).into_iter().for_each(|leaf| tree.append(leaf));
    let bytes = tree.to_bytes();
    assert_eq!(bytes.len(), 8 + 3 * 32);
    assert_eq!(Tree::from_bytes(&bytes).unwrap(), tree);
    for wrong in [&bytes[..bytes.len() - 32], &bytes[..bytes.len() - 1], &bytes[..7], &[]] {
        assert!(Tree::from_bytes(wrong).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// For any batches, the tree is the one of the definition. Each leaf of a batch is proven from the batch
    /// alone, by the same proof that the whole tree gives.
    #[test]
    fn batches_give_the_tree_of_the_definition(sizes in prop::collection::vec(1_u64..70, 1..6), bit in 0_usize..256) {
        let all = leaves(&entries("p", 0, sizes.iter().sum()));
        let (mut tree, mut one_by_one) = (Tree::empty(), Tree::empty());
        let mut first = 0;
        for count in sizes {
            let size = first + count;
            let (from, to) = (usize::try_from(first).unwrap(), usize::try_from(size).unwrap());
            let batch = BatchTree::new(&tree, &all[from..to]);
            all[from..to].iter().for_each(|leaf| one_by_one.append(*leaf));
            prop_assert_eq!(batch.root(), reference_root(&all[..to]));
            prop_assert_eq!(&batch.tree(), &one_by_one);
            for index in first..size {
                let leaf = all[usize::try_from(index).unwrap()];
                let proof = batch.inclusion(index).unwrap();
                prop_assert_eq!(&proof, &inclusion(&mut Whole(&all[..to]), index, size).unwrap());
                prop_assert!(includes(&batch.root(), size, index, &leaf, &proof));
                prop_assert!(!includes(&flipped(&batch.root(), bit), size, index, &leaf, &proof));
                prop_assert!(!includes(&batch.root(), size, index, &flipped(&leaf, bit), &proof));
                prop_assert!(!includes(&batch.root(), size, index ^ 1, &leaf, &proof));
                for wrong in tampered(&proof, bit) {
                    prop_assert!(!includes(&batch.root(), size, index, &leaf, &wrong));
                }
            }
            prop_assert!(batch.inclusion(size).is_none());
            prop_assert!(first.checked_sub(1).and_then(|before| batch.inclusion(before)).is_none());
            (tree, first) = (batch.tree(), size);
        }
    }

    /// Between any two sizes there is a consistency proof, and none for another beginning.
    #[test]
    fn i14_every_size_is_the_beginning_of_every_later_one(size in 1_u64..160, older in 0_u64..160, bit in 0_usize..256) {
        let older = older % (size + 1);
        let all = leaves(&entries("c", 0, size));
        let (before, after) = (reference_root(&all[..usize::try_from(older).unwrap()]), reference_root(&all));
        let proof = consistency(&mut Whole(&all), older, size).unwrap();
        prop_assert!(extends(&before, older, &after, size, &proof));
        prop_assert!(!extends(&flipped(&before, bit), older, &after, size, &proof));
        for wrong in tampered(&proof, bit) {
            prop_assert!(!extends(&before, older, &after, size, &wrong));
        }
        if older > 0 {
            prop_assert!(!extends(&before, older, &flipped(&after, bit), size, &proof));
        }
    }
}
