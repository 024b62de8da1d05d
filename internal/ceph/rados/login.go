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
)

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
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return "", err
	}
	if key := keyIn(string(text), entity); key != "" {
		return key, nil
	}
	return "", fmt.Errorf("%s has no key for %s", path, entity)
}

// keyOfConfig is the decoded key to which a ceph.conf leads; nil where librados reads it from a file that only it finds, or where
// the cluster's clients need none. No key at all is refused: librados would look for a server that lets it in until the
// connection times out. So is a malformed one, of which librados says only that something is invalid.
func keyOfConfig(cfg ceph.Config, get func(string) (string, error)) ([]byte, error) {
	if withoutCephx(get) {
		return nil, nil
	}
	if cfg.ConfigFile == "" {
		return nil, &problem.Problem{
			Kind: problem.Invalid, What: cannotConnect(cfg), Why: "No key is given.",
			Do: "Set key or keyring_file of the cluster. One whose clients need no key has to be configured so: options = { auth_client_required" +
				" = \"none\" }.",
		}
	}
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
	refused := &problem.Problem{
		Kind: problem.Invalid, What: cannotConnect(cfg),
		Why: fmt.Sprintf("%s leads to no key for this user: there is no readable keyring among %s.", cfg.ConfigFile, paths),
		Do:  "Set key or keyring_file of the cluster, or correct the keyring option in the file.",
	}
	// As librados, which reads the first one that it can open, and no other.
	for _, path := range strings.FieldsFunc(paths, func(r rune) bool { return strings.ContainsRune(",;= \t", r) }) {
		if readable(path) != nil {
			continue
		}
		key, err := keyInFile(path, "client."+cfg.User)
		if err == nil {
			return parseKeyOfConfig(cfg, path, key)
		}
		refused.Why = fmt.Sprintf("%s leads to no key for this user: %v, which is the first readable keyring among %s.", cfg.ConfigFile, err,
			paths)
		break
	}
	return nil, refused
}

// withoutCephx tells whether the client is configured for a cluster that lets everybody in.
func withoutCephx(get func(string) (string, error)) bool {
	for _, option := range []string{"auth_supported", "auth_client_required"} {
		// The first one went over the other until 19.2.6 and is unknown from then on.
		if value, err := get(option); err == nil && value != "" {
			return strings.Trim(value, ",; \t") == "none"
		}
	}
	return false
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
