package transport

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// knownHosts checks the key of an ssh host. It belongs to one connection attempt.
type knownHosts struct {
	endpoint Endpoint
	policy   string // normal, auto (a host that isn't known yet is learnt), ignore
	files    []string
	learnt   string // the file that learns
	known    ssh.HostKeyCallback
	refused  error // why check refused the key
}

func (e Endpoint) knownHosts() (*knownHosts, error) {
	k := &knownHosts{endpoint: e, policy: e.query.Get("known_hosts_verify"), learnt: e.query.Get("known_hosts")}
	k.files = []string{k.learnt}
	if k.learnt == "" {
		if config, err := os.UserConfigDir(); err == nil {
			k.learnt = filepath.Join(config, "libvirt", "known_hosts")
		}
		k.files = []string{k.learnt, homePath(".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"}
	}
	existing := slices.DeleteFunc(slices.Clone(k.files), func(path string) bool {
		_, err := os.Stat(path)
		return errors.Is(err, os.ErrNotExist)
	})
	var err error
	if k.known, err = knownhosts.New(existing...); err != nil {
		return nil, &Refusal{
			problem.Invalid, "A file with known ssh hosts can't be used: " + strings.Join(existing, ", ") + ".",
			"Correct its content or its permissions.", err.Error(),
		}
	}
	return k, nil
}

// algorithms are the kinds of host key that are on file for this host; with none it is ssh's own list. Without it a host
// that has several keys would show one that isn't on file.
func (k *knownHosts) algorithms(host string, remote net.Addr) []string {
	if k.policy == "ignore" {
		return nil
	}
	unheardOf, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		return nil
	}
	var mismatch *knownhosts.KeyError
	if !errors.As(k.known(host, remote, unheardOf), &mismatch) {
		return nil
	}
	var kinds []string
	for _, want := range mismatch.Want {
		if kind := want.Key.Type(); kind == ssh.KeyAlgoRSA {
			kinds = append(kinds, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		} else {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// check is what ssh calls with the key that the host shows.
func (k *knownHosts) check(host string, remote net.Addr, key ssh.PublicKey) error {
	if k.policy == "ignore" {
		return nil
	}
	err := k.known(host, remote, key)
	var mismatch *knownhosts.KeyError
	if !errors.As(err, &mismatch) {
		if err != nil {
			k.refused = err
		}
		return err
	}
	shown := fmt.Sprintf("the host shows the %s key %s", key.Type(), ssh.FingerprintSHA256(key))
	if len(mismatch.Want) > 0 {
		want := mismatch.Want[0]
		k.refused = k.endpoint.changedHostKey(fmt.Sprintf("%s, %s:%d has %s", shown, want.Filename, want.Line, ssh.FingerprintSHA256(want.Key)))
		return k.refused
	}
	if k.policy == "auto" {
		return k.learn(host, key)
	}
	k.refused = k.endpoint.unknownHostKey("Compare the fingerprint with the host's (ssh-keygen -lf on its /etc/ssh/ssh_host_*_key.pub) and"+
		" add the host: "+
		"ssh-keyscan prints the line. known_hosts_verify=auto in the uri accepts a host at its first connection.",
		shown+", and it is not in "+strings.Join(k.files, ", "))
	return k.refused
}

func (k *knownHosts) learn(host string, key ssh.PublicKey) error {
	if err := os.MkdirAll(filepath.Dir(k.learnt), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(k.learnt, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, knownhosts.Line([]string{knownhosts.Normalize(host)}, key))
	return errors.Join(err, file.Close())
}
