package testbed

import (
	"crypto"
	"encoding/pem"
	"os"

	"golang.org/x/crypto/ssh"
)

// WriteSSHKey writes a private key in OpenSSH's format, encrypted where there is a passphrase.
//
// Similar to: ssh-keygen -f PATH -N PASSPHRASE.
func WriteSSHKey(path string, key crypto.Signer, passphrase string) error {
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
}
