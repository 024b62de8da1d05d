//go:build cgo

package rados

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func cannotConnect(cfg ceph.Config) string {
	return fmt.Sprintf("Unable to connect to cluster %q as client.%s.", cfg.Label, cfg.User)
}

// checkLogin finds the mistakes that librados would answer with a time-out, or with the key in clear. It returns the
// decoded key if one is known.
func checkLogin(cfg ceph.Config) ([]byte, error) {
	invalid := func(why, do string) ([]byte, error) {
		return nil, &problem.Problem{Kind: problem.Invalid, What: cannotConnect(cfg), Why: why, Do: do}
	}
	if strings.HasPrefix(cfg.User, "client.") {
		return invalid(fmt.Sprintf("The user is given as %q.", cfg.User), "Write the user without the prefix client.")
	}
	if cfg.MonHost == "" && cfg.ConfigFile == "" {
		return invalid("Neither monitors nor a configuration file are given.", "Set mon_host or config_file of the cluster.")
	}
	if cfg.ConfigFile != "" {
		if err := readable(cfg.ConfigFile); err != nil {
			return invalid(fmt.Sprintf("The config_file can't be read: %v.", err), "Correct the path, or the permissions of the file.")
		}
	}
	switch {
	case cfg.Key != "":
		raw, err := ceph.ParseKey(cfg.Key)
		var p *problem.Problem
		if errors.As(err, &p) {
			return invalid(p.What+" "+p.Why, p.Do)
		}
		return raw, err
	case cfg.KeyringFile != "":
		key, err := keyInFile(cfg.KeyringFile, "client."+cfg.User)
		if err != nil {
			return invalid(fmt.Sprintf("The keyring_file can't be used: %v.", err),
				fmt.Sprintf("Write it with: ceph auth get client.%s -o %s.", cfg.User, cfg.KeyringFile))
		}
		raw, err := ceph.ParseKey(key)
		var p *problem.Problem
		if errors.As(err, &p) {
			return invalid(fmt.Sprintf("The key of client.%s in %s is not usable. %s", cfg.User, cfg.KeyringFile, p.Why), p.Do)
		}
		return raw, err
	case cfg.ConfigFile == "":
		return invalid("No key is given.", "Set key or keyring_file of the cluster.")
	}
	return nil, nil
}

func readable(path string) error {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	return f.Close()
}

// keyInFile returns an entity's key from a keyring. Its errors never hold the text of the file.
func keyInFile(path, entity string) (string, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	section := ""
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[] \t")
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if found && section == entity && strings.TrimSpace(name) == "key" {
			return strings.Trim(strings.TrimSpace(value), `"`), nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return "", fmt.Errorf("%s has no key for %s", path, entity)
}

// keyOfConfig is the decoded key to which a ceph.conf leads; nil where librados reads it from a file that only it finds. No
// key at all is refused: librados would look for a server that lets it in until the connection times out. So is a malformed
// one, of which librados says only that something is invalid.
func keyOfConfig(cfg ceph.Config, get func(string) (string, error)) ([]byte, error) {
	if value, err := get("key"); err == nil && value != "" {
		return parseKeyOfConfig(cfg, cfg.ConfigFile, value)
	}
	if value, err := get("keyfile"); err == nil && value != "" {
		return nil, nil
	}
	paths, err := get("keyring")
	if err != nil {
		return nil, setupError{doing: "reading the option keyring", err: err}
	}
	for _, path := range strings.FieldsFunc(paths, func(r rune) bool { return strings.ContainsRune(",; \t", r) }) {
		if key, err := keyInFile(path, "client."+cfg.User); err == nil {
			return parseKeyOfConfig(cfg, path, key)
		}
	}
	return nil, &problem.Problem{
		Kind: problem.Invalid, What: cannotConnect(cfg),
		Why: fmt.Sprintf("%s leads to no key for this user: no keyring that holds one is readable among %s.", cfg.ConfigFile, paths),
		Do:  "Set key or keyring_file of the cluster, or correct the keyring option in the file.",
	}
}

func parseKeyOfConfig(cfg ceph.Config, path, key string) ([]byte, error) {
	raw, err := ceph.ParseKey(key)
	var p *problem.Problem
	if errors.As(err, &p) {
		return nil, &problem.Problem{
			Kind: problem.Invalid, What: cannotConnect(cfg),
			Why: fmt.Sprintf("The key of client.%s to which %s leads is not usable. %s", cfg.User, path, p.Why), Do: p.Do,
		}
	}
	return raw, err
}

// explain says why a connection failed. key is the decoded key, nil if librados read it from elsewhere.
func explain(cfg ceph.Config, key []byte, err error) error {
	var known *problem.Problem
	if errors.As(err, &known) {
		return known
	}
	p := &problem.Problem{What: cannotConnect(cfg), Raw: "rados_connect: " + errno(err).Error()}
	monitors := cfg.MonHost
	if monitors == "" {
		monitors = "the monitors of " + cfg.ConfigFile
	}
	var code ceph.Errno
	errors.As(errno(err), &code)

	var setup setupError
	if errors.As(err, &setup) {
		p.Kind, p.Raw = problem.Invalid, setup.Error()
		switch {
		case setup.option != "" && code == ceph.ENOENT:
			p.Why = fmt.Sprintf("The client library knows no option %q.", setup.option)
			p.Do = "Correct its name, or remove it from options."
		case setup.option != "":
			p.Why = fmt.Sprintf("The client library does not accept the value of option %q.", setup.option)
			p.Do = "Correct the value."
		case setup.file != "":
			p.Why = fmt.Sprintf("%s is not a valid ceph.conf.", setup.file)
			p.Do = fmt.Sprintf("Correct it; `ceph-conf -c %s --list-sections` shows whether Ceph can parse it.", setup.file)
		default:
			p.Kind, p.Why = problem.Other, "The client library could not be prepared."
		}
		return p
	}

	switch code {
	case ceph.EACCES, ceph.EPERM:
		p.Kind = problem.Denied
		p.Why = "The monitors refuse this user with this key: the key is not the user's present one, the user doesn't exist, or it has no caps for the monitors."
		p.Do = fmt.Sprintf("Compare the key with that of the cluster (ceph auth get client.%s); the user needs mon caps.", cfg.User)
	case ceph.ETIMEDOUT:
		p.Kind = problem.Unreachable
		p.Why = fmt.Sprintf("No monitor answered at %s within %s.", monitors, cfg.ConnectTimeout)
		p.Do = "Check the addresses, the network and firewalls (ports 3300 and 6789), and that the monitors run and have a quorum."
	case ceph.EINVAL:
		p.Kind = problem.Invalid
		p.Why = fmt.Sprintf("The client library can't use a value: usually a monitor's name that does not resolve (%s).", monitors)
		p.Do = "Check that each monitor's name or address is correct."
		if ceph.KeyType(key) == "aes256k" {
			p.Kind = problem.Unsupported
			p.Why = "The key is of type aes256k, which the librados on this machine is probably too old for: it needs Ceph 19.2.6, 20.2.4 or newer."
			p.Do = "Upgrade librados2 and librbd1 on this machine, or give the user a key of type aes if the cluster allows that."
		}
	case ceph.ENOENT:
		p.Kind = problem.Invalid
		p.Why = "No monitor is known."
		p.Do = "Set mon_host of the cluster, or mon_host in its config_file."
	case ceph.EOPNOTSUPP:
		p.Kind = problem.Unsupported
		p.Why = "Client and monitors have no way of authentication in common."
		p.Do = "The cluster and the options of this client have to agree on cephx."
	default:
		p.Kind = problem.Unreachable
	}
	return p
}
