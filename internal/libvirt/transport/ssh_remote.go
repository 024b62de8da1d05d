package transport

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// remoteScript is what runs at the other end of an ssh connection and passes bytes between it and libvirt's socket. As with
// libvirt's own client that is virt-ssh-helper, which knows where the daemons' sockets are, or else netcat; neither needs
// sshd to allow forwarding. It has nothing that some login shells can't take in quotes: line breaks, exclamation marks, backslashes.
func (e Endpoint) remoteScript() string {
	proxy := cmp.Or(e.query.Get("proxy"), "auto")
	if e.query.Get("socket") != "" || e.query.Get("netcat") != "" {
		proxy = "netcat" // the helper takes no path
	}
	script := "LC_ALL=C; export LC_ALL; "
	helper := "exec virt-ssh-helper " + problem.Quote(e.Driver)
	if proxy == "native" {
		return script + helper
	}
	if proxy == "auto" {
		script += "if command -v virt-ssh-helper >/dev/null 2>&1; then " + helper + "; fi; "
	}
	netcat := problem.Quote(cmp.Or(e.query.Get("netcat"), "nc"))
	if socket := e.query.Get("socket"); socket != "" {
		script += "s=" + problem.Quote(socket) + "; "
	} else {
		folder := "/var/run/libvirt"
		if e.uri.Path == "/session" {
			folder = `"${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"/libvirt`
		}
		script += fmt.Sprintf(`d=%s; s="$d/%s"; if test -S "$s"; then :; elif test -S "$d/%[3]s"; then s="$d/%[3]s"; fi; `,
			folder, localSockets[0], localSockets[1])
	}
	// Netcats that have the option -q need it to notice the end of their input.
	return script + fmt.Sprintf(`if command -v %[1]s >/dev/null 2>&1; then :; else echo "%[2]s" >&2; exit 127; fi; `+
		`if %[1]s -q 2>&1 | grep "requires an argument" >/dev/null 2>&1; then exec %[1]s -q0 -U "$s"; fi; exec %[1]s -U "$s"`,
		netcat, noRelay)
}

const noRelay = "no command found that opens the socket of libvirt"

// explainRemote tells why the script at the other end failed; words are what it wrote to its standard error.
func (e Endpoint) explainRemote(words string) *Refusal {
	const fine = "The ssh connection is fine, but "
	r := &Refusal{problem.Unreachable, fine + "the daemon at the other end was not reached.", "Check that libvirt runs on the host (virsh" +
		" list there).", words}
	switch {
	case strings.Contains(words, noRelay), strings.Contains(words, "virt-ssh-helper") && strings.Contains(words, "not found"):
		r.Kind = problem.Unsupported
		r.Why = fine + "the host has no command that passes libvirt's socket on."
		r.Do = "Install one there: virt-ssh-helper comes with libvirt 6.8 and newer (package libvirt-daemon or libvirt-daemon-common), nc with" +
			" netcat-openbsd or nmap-ncat. A socket of its own (?socket=PATH) needs nc."
	case strings.Contains(words, "Permission denied"):
		r.Kind = problem.Denied
		r.Why = fine + "this user may not open libvirt's socket there."
		r.Do = "Connect as root, or as a member of the host's group libvirt."
	case strings.Contains(words, "No such file or directory"), strings.Contains(words, "Connection refused"):
		r.Why = fine + "no daemon listens on libvirt's socket there."
		r.Do = "Start it there (systemctl start libvirtd, or virtqemud.socket with virtproxyd.socket). Another socket is chosen with" +
			" ?socket=PATH in the uri."
	}
	return r
}
