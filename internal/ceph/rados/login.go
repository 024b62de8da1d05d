//go:build cgo

package rados

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// checkLogin finds the mistakes that librados would answer with a time-out, or with the key in clear. It returns the
// key if one is known.
func checkLogin(cfg ceph.Config) (ceph.Key, error) {
	invalid := func(why, do string) (ceph.Key, error) {
		return ceph.Key{}, &problem.Problem{Kind: problem.Invalid, What: cannotConnect(cfg), Why: why, Do: do}
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
		if strings.ContainsAny(cfg.ConfigFile, pathSeparators+"$") {
			return invalid(fmt.Sprintf("Ceph can't read the config_file %q: it takes a path with a comma or semicolon for a list of paths, and what"+
				" follows a dollar sign for the name of an option.", cfg.ConfigFile),
				"Give the file a path without them, or set mon_host and key instead.")
		}
	}
	switch {
	case !cfg.Key.IsZero():
		err := cfg.Key.Check()
		var p *problem.Problem
		if errors.As(err, &p) {
			return invalid(p.What+" "+p.Why, p.Do)
		}
		return cfg.Key, err
	case cfg.KeyringFile != "":
		key, err := keyInFile(cfg.KeyringFile, "client."+cfg.User)
		if err != nil {
			return invalid(fmt.Sprintf("The keyring_file can't be used: %v.", err),
				fmt.Sprintf("Write it with: ceph auth get %s -o %s.", problem.Word("client."+cfg.User), problem.Word(cfg.KeyringFile)))
		}
		err = key.Check()
		var p *problem.Problem
		if errors.As(err, &p) {
			return invalid(fmt.Sprintf("The key of client.%s in %s is not usable. %s", cfg.User, cfg.KeyringFile, p.Why), p.Do)
		}
		return key, err
	}
	return ceph.Key{}, nil
}

// pathSeparators divide a list of paths, where Ceph takes one.
const pathSeparators = ",;"

func readable(path string) error {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	return f.Close()
}

// keyInFile returns an entity's key from a keyring. Its errors never hold the text of the file.
func keyInFile(path, entity string) (ceph.Key, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return ceph.Key{}, err
	}
	if key := ceph.KeyInKeyring(sensitive.New(text), entity); !key.IsZero() {
		return key, nil
	}
	return ceph.Key{}, fmt.Errorf("%s has no key for %s", path, entity)
}

// keyOfConfig is the key to which a ceph.conf leads; zero where librados reads it from a file that only it finds, or where
// the cluster's clients need none. No key at all is refused: librados would look for a server that lets it in until the
// connection times out. So is a malformed one, of which librados says only that something is invalid.
func keyOfConfig(cfg ceph.Config, get func(string) (string, error)) (ceph.Key, error) {
	if withoutCephx(get) {
		return ceph.Key{}, nil
	}
	if cfg.ConfigFile == "" {
		return ceph.Key{}, &problem.Problem{
			Kind: problem.Invalid, What: cannotConnect(cfg), Why: "No key is given.",
			Do: "Set key or keyring_file of the cluster. One whose clients need no key has to be configured so: options = { auth_client_required" +
				" = \"none\" }.",
		}
	}
	if value, err := get("key"); err == nil && value != "" {
		return keyOfFile(cfg, cfg.ConfigFile, ceph.GivenKey(value))
	}
	if value, err := get("keyfile"); err == nil && value != "" {
		return ceph.Key{}, nil
	}
	paths, err := get("keyring")
	if err != nil {
		return ceph.Key{}, setupError{doing: "reading the option keyring", err: err}
	}
	refused := &problem.Problem{
		Kind: problem.Invalid, What: cannotConnect(cfg),
		Why: fmt.Sprintf("%s leads to no key for this user: there is no readable keyring among %s.", cfg.ConfigFile, paths),
		Do:  "Set key or keyring_file of the cluster, or correct the keyring option in the file.",
	}
	// librados reads the first one that it can open, and no other.
	for _, path := range strings.FieldsFunc(paths, func(r rune) bool { return strings.ContainsRune(pathSeparators, r) }) {
		if readable(path) != nil {
			continue
		}
		key, err := keyInFile(path, "client."+cfg.User)
		if err == nil {
			return keyOfFile(cfg, path, key)
		}
		refused.Why = fmt.Sprintf("%s leads to no key for this user: %v, which is the first readable keyring among %s.", cfg.ConfigFile, err,
			paths)
		break
	}
	return ceph.Key{}, refused
}

// withoutCephx tells whether the client is configured for a cluster that lets everybody in.
func withoutCephx(get func(string) (string, error)) bool {
	for _, option := range []string{"auth_supported", "auth_client_required"} {
		// Up to 19.2.6 the first one overrides the second; since then it is unknown.
		if value, err := get(option); err == nil && value != "" {
			return strings.Trim(value, ",; \t") == "none"
		}
	}
	return false
}

// keyOfFile refuses a malformed key to which a file of the configuration leads.
func keyOfFile(cfg ceph.Config, path string, key ceph.Key) (ceph.Key, error) {
	err := key.Check()
	var p *problem.Problem
	if errors.As(err, &p) {
		return ceph.Key{}, &problem.Problem{
			Kind: problem.Invalid, What: cannotConnect(cfg),
			Why: fmt.Sprintf("The key of client.%s to which %s leads is not usable. %s", cfg.User, path, p.Why), Do: p.Do,
		}
	}
	return key, err
}
