package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// defaultKeys are the files below ~/.ssh that hold the user's keys, best first.
var defaultKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// sshKeys is what the in-process ssh client can log in with.
type sshKeys struct {
	order    []string // the methods to try
	signers  map[string][]ssh.Signer
	password string
	unusable []error // the keys that exist and can't be used, for the text of a failure
	agent    net.Conn
}

// sshKeys collects the agent's keys, the files' keys and the password.
func (e Endpoint) sshKeys(ctx context.Context) *sshKeys {
	k := &sshKeys{order: sshMethods, signers: map[string][]ssh.Signer{}}
	if chosen := e.query.Get("sshauth"); chosen != "" {
		k.order = strings.Split(strings.ToLower(chosen), ",")
	}
	k.password, _ = e.uri.User.Password()
	if slices.Contains(k.order, "agent") {
		k.askAgent(ctx)
	}
	if slices.Contains(k.order, "privkey") {
		if file := e.query.Get("keyfile"); file != "" {
			k.readKey(file, true)
		} else {
			for _, name := range defaultKeys {
				k.readKey(homePath(".ssh", name), false)
			}
		}
	}
	return k
}

func (k *sshKeys) askAgent(ctx context.Context) {
	path := os.Getenv("SSH_AUTH_SOCK")
	if path == "" {
		return
	}
	var network net.Dialer
	conn, err := network.DialContext(ctx, "unix", path)
	if err != nil {
		k.unusable = append(k.unusable, fmt.Errorf("the ssh agent of SSH_AUTH_SOCK: %w", err))
		return
	}
	k.agent = conn
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // an agent may ask a person, who may never answer
	}
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		k.unusable = append(k.unusable, fmt.Errorf("the ssh agent of SSH_AUTH_SOCK: %w", err))
	}
	k.signers["agent"] = signers
}

func (k *sshKeys) readKey(path string, named bool) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !named {
		return
	}
	var signer ssh.Signer
	if err == nil {
		signer, err = ssh.ParsePrivateKey(content)
	}
	if err != nil {
		var locked *ssh.PassphraseMissingError
		if errors.As(err, &locked) {
			err = errors.New("it has a passphrase, and nobody can be asked for it")
		}
		k.unusable = append(k.unusable, fmt.Errorf("the key %s: %w", path, err))
		return
	}
	k.signers["privkey"] = append(k.signers["privkey"], signer)
}

// methods are the ways to log in. The agent's and the files' keys are one method for ssh.
func (k *sshKeys) methods() []ssh.AuthMethod {
	var methods []ssh.AuthMethod
	var signers []ssh.Signer
	for _, name := range k.order {
		signers = append(signers, k.signers[name]...)
	}
	if len(signers) > 0 {
		methods = append(methods, ssh.PublicKeys(signers...))
	}
	if k.password == "" {
		return methods
	}
	for _, name := range k.order {
		switch name {
		case "password":
			methods = append(methods, ssh.Password(k.password))
		case "keyboard-interactive":
			// Where PAM asks one question, it is the one for the password.
			methods = append(methods, ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
				return slices.Repeat([]string{k.password}, len(questions)), nil
			}))
		}
	}
	return methods
}

func (k *sshKeys) close() {
	if k.agent != nil {
		_ = k.agent.Close()
	}
}
