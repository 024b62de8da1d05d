package testbed

import (
	_ "embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

//go:embed packages.txt
var testbedPackages string

//go:embed packages-build.txt
var buildPackages string

// Packages returns the names of the Debian and Ubuntu packages that the testbed and a build of the provider need. Where a release has
// no package of a name, its files are in another package of the list.
func Packages() []string {
	return strings.Fields(testbedPackages + buildPackages)
}

// commandPackages maps each command that the testbed runs to its package.
var commandPackages = map[string]string{
	"apt-get":            "apt",
	"busybox":            "busybox-static",
	"ceph":               "ceph-common",
	"ceph-authtool":      "ceph-common",
	"ceph-mgr":           "ceph-mgr",
	"ceph-mon":           "ceph-mon",
	"ceph-osd":           "ceph-osd",
	"dpkg-deb":           "dpkg",
	"libvirtd":           "libvirt-daemon",
	"monmaptool":         "ceph-mon",
	"nc":                 "netcat-openbsd",
	"qemu-system-x86_64": "qemu-system-x86",
	"rbd":                "ceph-common",
	"ssh":                "openssh-client",
	"virsh":              "libvirt-clients",
}

// driverPackages maps packages to the file that a daemon loads from it at run time.
var driverPackages = map[string]string{
	"libvirt-daemon-driver-qemu":        "/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so",
	"libvirt-daemon-driver-secret":      "/usr/lib/*/libvirt/connection-driver/libvirt_driver_secret.so",
	"libvirt-daemon-driver-storage-rbd": "/usr/lib/*/libvirt/storage-backend/libvirt_storage_backend_rbd.so",
	"qemu-block-extra":                  "/usr/lib/*/qemu/block-rbd.so",
}

// Missing returns what a bed needs and this machine lacks, one thing in a line.
func Missing() []string {
	var missing []string
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		missing = append(missing, "a Linux machine of architecture amd64 (this is "+runtime.GOOS+"/"+runtime.GOARCH+")")
	}
	if os.Geteuid() != 0 {
		missing = append(missing, "root: the hypervisors' daemons run as another, plain user (try sudo -E)")
	}
	for command, name := range commandPackages {
		if _, err := lookCommand(command); err != nil {
			missing = append(missing, "the command "+command+" (package "+name+")")
		}
	}
	for name, pattern := range driverPackages {
		if found, err := filepath.Glob(pattern); err != nil || len(found) == 0 {
			missing = append(missing, "the driver "+pattern+" (package "+name+")")
		}
	}
	if _, err := plainUser(); err != nil {
		missing = append(missing, err.Error())
	}
	slices.Sort(missing)
	return missing
}

// Require returns an error that lists what is Missing, or nil.
func Require() error {
	missing := Missing()
	if len(missing) == 0 {
		return nil
	}
	return errors.New("the testbed can't start on this machine; it needs:\n  - " + strings.Join(missing, "\n  - ") +
		"\nOn Debian and Ubuntu: apt-get install --no-install-recommends " + strings.Join(Packages(), " "))
}

// daemonFolders are searched besides PATH, because a plain user's PATH often lacks the daemons' folders.
var daemonFolders = []string{"/usr/sbin", "/sbin", "/usr/local/sbin"}

func lookCommand(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, folder := range daemonFolders {
		if path, folderErr := exec.LookPath(folder + "/" + name); folderErr == nil {
			return path, nil
		}
	}
	return "", err
}
