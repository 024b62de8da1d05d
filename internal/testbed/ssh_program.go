package testbed

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// sshPackages are unpacked for an OpenSSH server. They are not installed: that would start a server on this machine, at the
// latest with its next boot. The last one lets a server that isn't root's give its one user a shell and a home folder.
var sshPackages = []string{"openssh-server", "libwrap0", "libnsl2", "libnss-wrapper"}

// sshFolder is in the bed's folder, since its server runs as a user who may not read root's cache.
const sshFolder = "openssh"

// sshProgram is an OpenSSH server's binary with what it needs.
type sshProgram struct {
	path        string
	environment []string
	settings    string // lines of sshd_config
}

// unpacking keeps two servers of a bed from unpacking the same program.
var unpacking sync.Mutex

// unpackSSH returns the bed's sshd, whether the machine has one of its own or not.
func unpackSSH(ctx context.Context, dir string) (sshProgram, error) {
	unpacking.Lock()
	defer unpacking.Unlock()
	tree := filepath.Join(dir, sshFolder)
	if _, err := os.Stat(tree); errors.Is(err, fs.ErrNotExist) {
		kept, err := keptPackages(ctx, "openssh-1", sshPackages)
		if err != nil {
			return sshProgram{}, err
		}
		if err := extractPackages(ctx, kept, tree); err != nil {
			return sshProgram{}, err
		}
	}
	p := sshProgram{path: filepath.Join(tree, "usr/sbin/sshd")}
	var folders []string
	for _, pattern := range []string{"lib/*", "usr/lib/*-linux-*"} {
		found, err := filepath.Glob(filepath.Join(tree, pattern))
		if err != nil {
			return sshProgram{}, err
		}
		folders = append(folders, found...)
	}
	p.environment = []string{"LD_LIBRARY_PATH=" + strings.Join(folders, ":"), "LD_PRELOAD=libnss_wrapper.so"}
	// From OpenSSH 9.8 and 10.0 the server is several programs.
	for setting, name := range map[string]string{"SshdSessionPath": "sshd-session", "SshdAuthPath": "sshd-auth"} {
		path := filepath.Join(tree, "usr/lib/openssh", name)
		if _, err := os.Stat(path); err == nil {
			p.settings += setting + " " + path + "\n"
		}
	}
	return p, nil
}

// keptPackages returns the folder in the user's cache that holds these packages' archives.
func keptPackages(ctx context.Context, name string, packages []string) (string, error) {
	kept := cacheFolder(name)
	if _, err := os.Stat(kept); !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(kept), "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := downloadPackages(ctx, work, packages); err != nil {
		return "", err
	}
	if err := os.Rename(work, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return kept, nil
}
