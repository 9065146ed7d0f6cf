"""AES-256-GCM with nothing but Python itself (FIPS 197, SP 800-38D): slow, and for test vectors only."""


def _times_x(byte):
    return (byte << 1 ^ 0x1B) & 0xFF if byte & 0x80 else byte << 1


def _sbox():
    """The multiplicative inverse in GF(2^8), then the affine map."""
    box = [0x63] * 256
    p = q = 1
    while True:
        p ^= _times_x(p)
        for shift in (1, 2, 4):
            q = (q ^ q << shift) & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        rotations = q
        for turn in range(1, 5):
            rotations ^= (q << turn | q >> (8 - turn)) & 0xFF
        box[p] = rotations ^ 0x63
        if p == 1:
            return box


SBOX = _sbox()


def _round_keys(key):
    words = [list(key[at : at + 4]) for at in range(0, 32, 4)]
    constant = 1
    for at in range(8, 60):
        word = list(words[-1])
        if at % 8 == 0:
            word = [SBOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _times_x(constant)
        elif at % 8 == 4:
            word = [SBOX[byte] for byte in word]
        words.append([one ^ other for one, other in zip(word, words[-8])])
    return [sum(words[at : at + 4], []) for at in range(0, 60, 4)]


def _block(keys, block):
    state = [one ^ other for one, other in zip(block, keys[0])]
    for turn, key in enumerate(keys[1:], 1):
        state = [SBOX[state[(at + 4 * (at % 4)) % 16]] for at in range(16)]
        if turn < len(keys) - 1:
            mixed = []
            for at in range(0, 16, 4):
                column = state[at : at + 4]
                every = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [
                    byte ^ every ^ _times_x(byte ^ column[(place + 1) % 4]) for place, byte in enumerate(column)
                ]
            state = mixed
        state = [one ^ other for one, other in zip(state, key)]
    return bytes(state)


def _ghash(subkey, data):
    total = 0
    for at in range(0, len(data), 16):
        factor, product = total ^ int.from_bytes(data[at : at + 16], "big"), 0
        other = subkey
        for bit in range(127, -1, -1):
            if factor >> bit & 1:
                product ^= other
            other = other >> 1 ^ (0xE1 << 120 if other & 1 else 0)
        total = product
    return total


def _padded(data):
    return data + bytes(-len(data) % 16)


def seal(key, nonce, additional, plain):
    """Cipher text and tag of 16 bytes."""
    keys = _round_keys(key)
    subkey = int.from_bytes(_block(keys, bytes(16)), "big")
    stream = b"".join(
        _block(keys, nonce + (2 + at).to_bytes(4, "big")) for at in range((len(plain) + 15) // 16)
    )
    cipher = bytes(one ^ other for one, other in zip(plain, stream))
    lengths = (8 * len(additional)).to_bytes(8, "big") + (8 * len(cipher)).to_bytes(8, "big")
    mac = _ghash(subkey, _padded(additional) + _padded(cipher) + lengths)
    first = int.from_bytes(_block(keys, nonce + (1).to_bytes(4, "big")), "big")
    return cipher + (mac ^ first).to_bytes(16, "big")
