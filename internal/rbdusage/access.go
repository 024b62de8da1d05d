package rbdusage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// accessLimit bounds what is asked about the way in which an image is opened.
const accessLimit = 45 * time.Second

// Access is how a host is to open an image.
type Access struct {
	Host    *libvirt.Host
	Cluster *ceph.Cluster // nil where it isn't configured: then only the secret is looked at
	Disk    libvirt.Disk
	Probed  bool // the host itself opens the image once before a running guest gets the disk
}

func (a Access) image() ceph.ImageRef {
	return ceph.ImageRef{Pool: a.Disk.Pool, Namespace: a.Disk.Namespace, Name: a.Disk.Image}
}

// Check makes sure that the host's secret opens the image, as its cluster describes it: the secret has a value, which is the user's key
// where both can be read, and that user may read and write the image. What could not be tried is a warning. Errors name the argument at
// fault.
func (a Access) Check(ctx context.Context, image ceph.Image) ([]problem.Warning, error) {
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, accessLimit)
	defer cancel()
	if err := a.passphrase(ctx); err != nil {
		return nil, err
	}
	value, held, err := a.secret(ctx)
	if err != nil || a.Cluster == nil {
		return nil, err
	}
	var warnings []problem.Warning
	var key ceph.Key
	user, err := a.Cluster.User(ctx, a.Disk.User)
	switch {
	case problem.Is(err, problem.Denied):
		// A provider that may not read users still checks with the key that the host holds.
		warnings = append(warnings, problem.Warning{Summary: "User not verified", Text: err.Error()})
		if held == libvirt.ValueSet {
			key = ceph.KeyOf(value)
		}
	case err != nil:
		return nil, problem.At("user", err)
	default:
		if err := a.sameKey(user, value, held); err != nil {
			return nil, err
		}
		key = user.Key
		warnings = append(warnings, a.withoutBlocklist(user)...)
		networks, err := a.Cluster.OtherNetworks(ctx, user.Caps)
		if err != nil {
			return warnings, problem.At("user", err)
		}
		if len(networks) > 0 {
			return append(warnings, a.notTried("Its caps count for clients in "+strings.Join(networks, ", ")+" only, and this machine isn't"+
				" there.")), nil
		}
	}
	if key.IsZero() {
		return warnings, nil
	}
	err = a.Cluster.CheckAccess(ctx, a.Disk.User, key, a.image(), image, a.Disk.OnlyReads())
	if problem.Is(err, problem.Unreachable) && whole.Err() == nil {
		// The provider's own user has just been answered, so this says how this user is served here, and nothing of the hypervisor.
		return append(warnings, a.notTried(err.Error())), nil
	}
	return warnings, problem.At("user", err)
}

// neededSecret is a secret of the host without which a disk can't be opened.
type neededSecret struct {
	argument, uuid string
	purpose        string // the end of a sentence about the secret; empty for the key
	definedBy      string // the resource that makes such a secret
	setBy          string // how it gets its value
}

// secret is the value of the secret with the user's key, which has to have one.
func (a Access) secret(ctx context.Context) (sensitive.Value, libvirt.ValueState, error) {
	return a.valueOf(ctx, neededSecret{
		argument: "secret_uuid", uuid: a.Disk.SecretUUID, definedBy: "libvirt_ceph_secret",
		setBy: "Set its value, the key of the cephx user: libvirt_ceph_secret does, or virsh secret-set-value.",
	})
}

// passphrase makes sure that the secret with the passphrase of an encrypted disk is there, and has a value.
func (a Access) passphrase(ctx context.Context) error {
	if a.Disk.Encryption.SecretUUID == "" {
		return nil
	}
	_, _, err := a.valueOf(ctx, neededSecret{
		argument: "encryption", uuid: a.Disk.Encryption.SecretUUID, definedBy: "libvirt_volume_secret",
		purpose: ", which is to hold the passphrase",
		setBy:   "Set its value: libvirt_volume_secret does by passphrase_wo, or virsh secret-set-value.",
	})
	return err
}

// valueOf is the value of a secret. One that is missing, or has no value, is an error that names the argument at fault.
func (a Access) valueOf(ctx context.Context, s neededSecret) (sensitive.Value, libvirt.ValueState, error) {
	value, held, err := a.Host.SecretValue(ctx, libvirt.CanonicalUUID(s.uuid))
	switch {
	case problem.Is(err, problem.NotFound):
		return sensitive.Value{}, held, problem.At(s.argument, &problem.Problem{
			Kind: problem.Invalid,
			What: fmt.Sprintf("Hypervisor %q has no secret %s%s.", a.Host.Label(), s.uuid, s.purpose),
			Do: fmt.Sprintf("Define it there with %[1]s and refer to its uuid, as in secret_uuid = %[1]s.NAME.uuid; or correct the UUID: virsh"+
				" secret-list shows what there is.", s.definedBy),
		})
	case err == nil && held == libvirt.ValueMissing:
		about := ""
		if s.purpose != "" {
			about = s.purpose + ","
		}
		return sensitive.Value{}, held, problem.At(s.argument, &problem.Problem{
			Kind: problem.Invalid,
			What: fmt.Sprintf("The secret %s on hypervisor %q%s has no value.", s.uuid, a.Host.Label(), about),
			Do:   s.setBy,
		})
	}
	return value, held, err
}

// notTried tells that what the user may do could not be tried from here.
func (a Access) notTried(why string) problem.Warning {
	decides := "The hypervisor tries it with its own address, before a running guest gets the disk (attach_probe); where the domain is shut" +
		" off, its start shows it."
	if !a.Probed {
		decides = "The attach shows it, or the start of the domain: attach_probe is off."
	}
	return problem.Warning{Argument: "user", Summary: "Access of the user not tried from here", Text: fmt.Sprintf(
		"Whether client.%s on cluster %q may use image %s was not to be tried from this machine. %s\n\n%s",
		a.Disk.User, a.Cluster.Label(), a.image(), why, decides)}
}

// sameKey compares the secret's value with the user's key, where it may be read.
func (a Access) sameKey(user ceph.User, value sensitive.Value, held libvirt.ValueState) error {
	err := user.Key.Check()
	if err != nil || held != libvirt.ValueSet || value.Equal(user.Key.Value) {
		return err
	}
	why := "Its value is another user's key, the same user's key on another cluster, or a key that was replaced since."
	if string(value.Bytes()) == user.Key.Text() {
		why = "Its value is the key's base64 text. libvirt wants the decoded bytes."
	}
	return problem.At("secret_uuid", &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("The secret %s on hypervisor %q does not hold the key of client.%s on cluster %q.",
			a.Disk.SecretUUID, a.Host.Label(), a.Disk.User, a.Cluster.Label()),
		Why: why,
		Do: fmt.Sprintf("Set the secret's key to that of the user, as in key = ceph_user.NAME.key, or name the user or secret that belong"+
			" together. The user's key has the fingerprint %s, the secret's value %s.", user.Key.Fingerprint(), value.Fingerprint()),
	})
}

// withoutBlocklist warns of a user whose guests could not take over an image from a crashed host.
func (a Access) withoutBlocklist(user ceph.User) []problem.Warning {
	if a.Disk.OnlyReads() || ceph.MonProfileRBD(user.Caps["mon"]) {
		return nil
	}
	return []problem.Warning{{Argument: "user", Summary: "User can't take over locks", Text: fmt.Sprintf(
		"client.%s on cluster %q lacks \"profile rbd\" in its mon caps. After a crash of the host the guest could not write the image again,"+
			" because the former client's lock can't be broken without it.", a.Disk.User, a.Cluster.Label())}}
}

// keyTypeLimit bounds the look at the secret after an attach has failed.
const keyTypeLimit = 10 * time.Second

// Explain replaces the explanation of an image that a host could not open, where the reason is known: the passphrase or the format of an
// encrypted one, or the type of the secret's key, which an older librbd calls an invalid argument, and nothing more.
func (a Access) Explain(ctx context.Context, err error) error {
	var p *problem.Problem
	if errors.As(err, &p) && a.Disk.Encryption.Format != "" {
		if explained := a.notDecrypted(*p); explained != nil {
			return explained
		}
	}
	if !errors.As(err, &p) || !strings.Contains(p.Raw, "Invalid argument") {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, keyTypeLimit)
	defer cancel()
	value, held, readErr := a.Host.SecretValue(ctx, libvirt.CanonicalUUID(a.Disk.SecretUUID))
	if readErr != nil || held != libvirt.ValueSet || ceph.KeyOf(value).Type() != "aes256k" {
		return err
	}
	return problem.At("secret_uuid", &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Hypervisor %q can't use the key in the secret %s. %s", a.Host.Label(), a.Disk.SecretUUID, p.What),
		Why:  "The key is of type aes256k, which the librbd on that host is probably too old for.",
		Do: "Upgrade librbd1 and librados2 on the hypervisor to those of Ceph 19.2.6, 20.2.4 or newer, and restart guests that were started" +
			" before; or give the user a key of type aes, if the cluster allows that: key_type of ceph_user.",
		Raw: p.Raw,
	})
}

// notDecrypted explains that a host could not decrypt the image; nil where that is not the reason.
func (a Access) notDecrypted(p problem.Problem) error {
	told := func(replies ...string) bool {
		return slices.ContainsFunc(replies, func(reply string) bool { return strings.Contains(p.Raw, reply) })
	}
	encryption := a.Disk.Encryption
	switch {
	case told("encryption load fail: Operation not permitted", "Invalid password"):
		p.Why = fmt.Sprintf("The passphrase in the secret %s doesn't open the image.", encryption.SecretUUID)
		p.Do = "Give the secret the passphrase with which the image was formatted, or name the secret that has it."
	case told("encryption load fail: Invalid argument", "Volume is not in LUKS format", "LUKS version"):
		p.Why = fmt.Sprintf("The image doesn't begin with the header of a volume in the format %s.", encryption.Format)
		p.Do = "Let format be that of the image (luks for luks1), or format it before: encryption of ceph_rbd_image does when it makes the" +
			" image, rbd encryption format by hand."
	default:
		return nil
	}
	p.Why += " The disk was not attached. No guest was touched."
	return problem.At("encryption", &p)
}

// opensImage tells whether the cluster has the disk's image, and a user with the key that the disk's secret holds.
func (a Access) opensImage(ctx context.Context) bool {
	value, held, err := a.Host.SecretValue(ctx, a.Disk.SecretUUID)
	if err != nil || held != libvirt.ValueSet {
		return false
	}
	user, err := a.Cluster.User(ctx, a.Disk.User)
	if err != nil || user.Key.Check() != nil || !value.Equal(user.Key.Value) {
		return false
	}
	_, err = a.Cluster.Image(ctx, a.image())
	return err == nil
}

// RefuseOther refuses the cluster for a disk that names the monitors of another one. Where the monitors don't tell, it warns. The domain is
// the one that has the disk.
func (a Access) RefuseOther(ctx context.Context, monitors []ceph.Monitor, domain string) ([]problem.Warning, error) {
	names := make([]string, len(a.Disk.Monitors))
	for i, m := range libvirt.SortMonitors(a.Disk.Monitors) {
		names[i] = m.Host
	}
	switch AddressesOf(monitors).Answer(ctx, a.Disk.Monitors) {
	case No:
		return nil, problem.At("cluster", &problem.Problem{
			Kind: problem.WrongIdentity,
			What: fmt.Sprintf("The disk's monitors (%s) are none of cluster %q.", strings.Join(names, ", "), a.Cluster.Label()),
			Why:  "The disk's image is on another cluster, so what would be checked there is not what the guest reads.",
			Do:   "Set cluster to the label of the cluster that these monitors belong to, or set monitors as well.",
		})
	case Unknown:
		what := "It names no monitors, so QEMU takes those of the ceph.conf of the hypervisor, or of config_file."
		if len(names) > 0 {
			what = fmt.Sprintf("It names its monitors by names (%s) that don't lead to this cluster from here.", strings.Join(names, ", "))
		}
		return []problem.Warning{{Argument: "cluster", Summary: "Cluster of the disk not verified", Text: fmt.Sprintf(
			"It can't be told from here whether disk %s of domain %q is on cluster %q. %s The configuration is believed.",
			a.Disk.Target, domain, a.Cluster.Label(), what)}}, nil
	case Yes:
	}
	return nil, nil
}
