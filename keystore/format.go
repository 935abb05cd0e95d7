package keystore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// The format is that of Filebeat 6.0 to 9 (libbeat's file keystore, version 1):
//
//	"v1"  then in base64:  salt (64)  nonce (12)  sealed JSON and its tag (16)
//
// The key is PBKDF2-HMAC-SHA-512 of the password, which is empty, with that salt
// and 10,000 rounds; the seal is AES-256-GCM without additional data. The JSON is
// {"NAME":{"value":"<the secret in base64>"}}.
const (
	version    = "v1"
	saltSize   = 64
	nonceSize  = 12
	rounds     = 10_000
	keySize    = 32
	password   = ""
	headerSize = saltSize + nonceSize
)

// entry is one secret; JSON has its bytes in base64.
type entry struct {
	Value []byte `json:"value"`
}

// decode reads a whole file.
func decode(data []byte) (map[string][]byte, error) {
	text, ok := bytes.CutPrefix(data, []byte(version))
	if !ok {
		return nil, fmt.Errorf("not a keystore of version %s: it begins with %q", version, data[:min(len(data), len(version))])
	}
	sealed, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return nil, fmt.Errorf("damaged: %w", err)
	}
	if len(sealed) < headerSize {
		return nil, fmt.Errorf("cut off after %d bytes", len(data))
	}
	gcm, err := seal(sealed[:saltSize])
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, sealed[saltSize:headerSize], sealed[headerSize:], nil)
	if err != nil {
		return nil, fmt.Errorf("damaged, or under a password: %w", err)
	}
	return parse(plain)
}

// parse reads what was sealed. Of its errors none shows any of it.
func parse(plain []byte) (map[string][]byte, error) {
	var entries map[string]entry
	if err := json.Unmarshal(plain, &entries); err != nil {
		return nil, errors.New("its content is not a map of secrets")
	}
	secrets := make(map[string][]byte, len(entries))
	for name, e := range entries {
		secrets[name] = e.Value
	}
	return secrets, nil
}

// encode makes a whole file, with a salt and a nonce of its own.
func encode(secrets map[string][]byte) ([]byte, error) {
	entries := make(map[string]entry, len(secrets))
	for name, value := range secrets {
		entries[name] = entry{Value: value}
	}
	plain, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, headerSize)
	_, _ = rand.Read(sealed) // never fails
	gcm, err := seal(sealed[:saltSize])
	if err != nil {
		return nil, err
	}
	sealed = gcm.Seal(sealed, sealed[saltSize:headerSize], plain, nil)
	data := base64.StdEncoding.AppendEncode([]byte(version), sealed)
	if len(data) > maxFile {
		return nil, fmt.Errorf("the secrets take %d bytes; expected at most %d", len(data), maxFile)
	}
	return data, nil
}

// seal returns what opens and closes a file with the given salt.
func seal(salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha512.New, password, salt, rounds, keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
