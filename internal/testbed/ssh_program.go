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

// sshPackages are unpacked for an OpenSSH server. They are not installed, since that would start a server on this machine, at its next
// boot at the latest. With libnss-wrapper a server that does not run as root can give its only user a shell and a home folder.
var sshPackages = []string{"openssh-server", "libwrap0", "libnsl2", "libnss-wrapper"}

// sshFolder is in the bed's folder, since the server's user may not read root's cache.
const sshFolder = "openssh"

// sshProgram is the binary of an OpenSSH server, with the environment and settings that it needs.
type sshProgram struct {
	path        string
	environment []string
	settings    string // lines of sshd_config
}

// unpacking lets only one server at a time unpack the program.
var unpacking sync.Mutex

// unpackSSH returns the bed's sshd, also where the machine has one itself.
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
