package main

import (
	"fmt"
	"strings"
)

// quiet is the environment that keeps an installation from touching what runs on the host. SYSTEMD_OFFLINE makes the
// packages' own "systemctl start" and "restart" do nothing, RUNLEVEL=1 does the same for old init scripts, and
// NEEDRESTART_SUSPEND keeps Ubuntu from restarting services afterwards. All of it ends with the one command; a
// policy-rc.d file would do it too, but for everybody on the machine and for as long as it lies there.
var quiet = []string{
	"DEBIAN_FRONTEND=noninteractive",
	"SYSTEMD_OFFLINE=1",
	"RUNLEVEL=1",
	"NEEDRESTART_SUSPEND=1",
}

// parseList returns the package names: one a line, # starts a comment.
func parseList(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if name := strings.TrimSpace(line); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// missing returns the wanted packages that dpkg does not report as installed, in their order.
func missing(wanted []string, dpkg string) []string {
	installed := map[string]bool{}
	for line := range strings.Lines(dpkg) {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), " installed"); ok {
			installed[name] = true
		}
	}
	var names []string
	for _, name := range wanted {
		if !installed[name] {
			names = append(names, name)
		}
	}
	return names
}

// known returns the names that apt could install, as apt-cache policy (in English) tells.
func known(names []string, policy string) []string {
	installable := map[string]bool{}
	var name string
	for line := range strings.Lines(policy) {
		if !strings.HasPrefix(line, " ") {
			name = strings.TrimSuffix(strings.TrimSpace(line), ":")
		}
		if candidate, ok := strings.CutPrefix(strings.TrimSpace(line), "Candidate: "); ok && candidate != "(none)" {
			installable[name] = true
		}
	}
	var found []string
	for _, name := range names {
		if installable[name] {
			found = append(found, name)
		}
	}
	return found
}

// The arguments of the two apt-get calls; the names of the packages follow the second. Another apt at work is waited for.
var (
	updateArgs  = []string{"update", "--quiet", "-o", "DPkg::Lock::Timeout=300"}
	installArgs = []string{"install", "--yes", "--quiet", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"}
)

// notDebian says what to install by hand where there is no apt.
func notDebian(wanted []string) error {
	return fmt.Errorf("this machine has no apt-get, so nothing was installed.\n\n"+
		"The build and the testbed know Debian and Ubuntu; elsewhere install what these Debian packages hold, then run the "+
		"make target's parts (make build, make unit, make testacc):\n  %s", strings.Join(wanted, "\n  "))
}
