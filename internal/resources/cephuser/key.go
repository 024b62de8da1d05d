package cephuser

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// keyChange is how an apply changes the key of an existing user.
type keyChange int

const (
	keyKept    keyChange = iota
	keyChosen            // to the value of key
	keyWritten           // to the value of key_wo
	keyRotated           // to one that the cluster makes, because key_generation was raised
)

// at is the attribute that asks for the change.
func (c keyChange) at() path.Path {
	switch c {
	case keyWritten:
		return path.Root("key_wo_version")
	case keyRotated:
		return path.Root("key_generation")
	case keyKept, keyChosen:
	}
	return path.Root("key")
}

// keyChange is how the plan changes the key. An unknown value counts as a change. What the configuration asks for is no change where the
// plan has the recorded value instead, as with ignore_changes: an update gets the configuration as it is written.
func (m *model) keyChange(config, state *model) keyChange {
	switch {
	case !state.KeyGeneration.IsNull() && (m.KeyGeneration.IsUnknown() || m.KeyGeneration.ValueInt64() > state.KeyGeneration.ValueInt64()):
		return keyRotated
	case !config.KeyWO.IsNull() && !m.KeyWOVersion.Equal(state.KeyWOVersion):
		return keyWritten
	case !config.Key.IsNull() && !m.Key.IsNull() && !fingerprint(m.Key).Equal(state.KeyFingerprint):
		return keyChosen
	}
	return keyKept
}

// planKey plans the key, its fingerprint and its type, for a key that is chosen, kept, or made by the cluster.
func (m *model) planKey(config, state *model, exists bool) {
	change := keyKept
	if exists {
		change = m.keyChange(config, state)
	}
	kept := exists && change == keyKept
	switch {
	case !config.Key.IsNull():
		m.Key = config.Key
	case !m.KeyInState.ValueBool() && !m.KeyInState.IsUnknown():
		m.Key = types.StringNull()
	case kept && state.KeyInState.ValueBool() && !m.KeyInState.IsUnknown():
		m.Key = state.Key
	default:
		m.Key = types.StringUnknown()
	}
	// A write-only key is never planned: an ephemeral value may be different at the apply.
	m.KeyFingerprint = types.StringUnknown()
	switch {
	case !config.Key.IsNull():
		m.KeyFingerprint = fingerprint(config.Key)
	case kept:
		m.KeyFingerprint = state.KeyFingerprint
	}
	if !config.KeyType.IsNull() {
		m.KeyType = config.KeyType
		return
	}
	m.KeyType = types.StringUnknown()
	if key := tfkit.KeyOf(config.Key); key.Check() == nil {
		m.KeyType = tfkit.StringOrNull(key.Type())
	} else if kept || exists && change == keyRotated && !state.KeyType.IsNull() {
		m.KeyType = state.KeyType
	}
}

// fingerprint of a chosen key: unknown until the key is known and valid.
func fingerprint(key types.String) types.String {
	if fingerprint := tfkit.KeyOf(key).Fingerprint(); fingerprint != "" {
		return types.StringValue(fingerprint)
	}
	return types.StringUnknown()
}

// askedType is the type that the plan asks a new key to have, empty where the configuration leaves it open.
func (m *model) askedType(config *model) string {
	if config.KeyType.IsNull() {
		return ""
	}
	return m.KeyType.ValueString()
}

// replacesType reports whether the plan asks for a key of another type than the user's key.
func (m *model) replacesType(config, state *model) bool {
	return !config.KeyType.IsNull() && !config.KeyType.IsUnknown() && !state.KeyType.IsNull() && !config.KeyType.Equal(state.KeyType)
}

// checkGeneration refuses a lower number, because a former key can't be restored.
func (m *model) checkGeneration(state *model, diags *diag.Diagnostics) {
	if m.KeyGeneration.IsUnknown() || m.KeyGeneration.IsNull() || state.KeyGeneration.IsNull() ||
		m.KeyGeneration.ValueInt64() >= state.KeyGeneration.ValueInt64() {
		return
	}
	diags.AddAttributeError(path.Root("key_generation"), "Key generation lowered", fmt.Sprintf(
		"The recorded generation is %d, and the configuration says %d. A former key does not come back.\n\nTo rotate the key set a number above"+
			" %d; to leave it alone set %d, or remove key_generation.",
		state.KeyGeneration.ValueInt64(), m.KeyGeneration.ValueInt64(), state.KeyGeneration.ValueInt64(), state.KeyGeneration.ValueInt64()))
}

// checkKeyChange refuses in the plan what the apply would refuse, and names the clients that a forced rotation disconnects.
func (r *userResource) checkKeyChange(ctx context.Context, cluster *ceph.Cluster, config, state, m *model, diags *diag.Diagnostics) {
	change := m.keyChange(config, state)
	if change == keyKept || m.RotateInUse.IsUnknown() || m.KeyGeneration.IsUnknown() {
		return
	}
	if key, chosen := m.chosenKey(change, config); chosen && (key.IsUnknown() || fingerprint(key).Equal(state.KeyFingerprint)) {
		return
	}
	entity := state.Entity.ValueString()
	if r.checkOwnUser(ctx, cluster, entity, change.at(), diags); diags.HasError() {
		return
	}
	if !m.RotateInUse.ValueBool() {
		if err := refuseInUse(ctx, cluster, entity, planDisconnectTimeout); err != nil {
			tfkit.AddAttributeError(diags, change.at(), "Unable to change key of Ceph user", err)
		}
		return
	}
	if clients, err := cluster.Clients(ctx, entity); err == nil && len(clients) > 0 {
		diags.AddAttributeWarning(change.at(), "Key changes under connected clients", fmt.Sprintf(
			"These clients are connected to cluster %q as %s: %s. They go on with the tickets that they hold; after that, each connection that"+
				" breaks stays broken, and guests lose their disks one by one, until they have opened them with the new key.",
			cluster.Label(), entity, addresses(clients)))
	}
}

// checkReplacement refuses in the plan a key that the create would refuse, because the former user would be deleted by then.
func (m *model) checkReplacement(ctx context.Context, cluster *ceph.Cluster, config *model, diags *diag.Diagnostics) {
	at, key := config.chosen()
	if err := cluster.CheckKey(ctx, m.Name.ValueString(), key, config.KeyType.ValueString()); err != nil {
		tfkit.AddAttributeError(diags, at, "Unable to replace Ceph user", err)
	}
}

// chosen is the attribute that decides about the key of a new user, and the key that the configuration chooses: zero where it chooses none
// or where the key is unknown.
func (m *model) chosen() (path.Path, ceph.Key) {
	switch {
	case !m.KeyWO.IsNull():
		return path.Root("key_wo"), tfkit.KeyOf(m.KeyWO)
	case !m.Key.IsNull():
		return path.Root("key"), tfkit.KeyOf(m.Key)
	}
	return path.Root("key_type"), ceph.Key{}
}

// chosenKey is the key that the configuration chooses for this change. It returns false where it chooses none.
func (m *model) chosenKey(change keyChange, config *model) (types.String, bool) {
	switch change {
	case keyChosen:
		return m.Key, true
	case keyWritten:
		return config.KeyWO, true
	case keyKept, keyRotated:
	}
	return types.StringNull(), false
}

// rotated records a rotation after which the key could not be read. The next apply does not rotate again, and the next refresh reads the
// key.
func (m *model) rotated(plan *model) {
	m.KeyGeneration, m.Key, m.KeyFingerprint = plan.KeyGeneration, types.StringNull(), types.StringNull()
}

// keyChangeNow repeats the checks of the plan before an apply changes anything. It returns keyKept where the user already has the chosen
// key.
func (r *userResource) keyChangeNow(ctx context.Context, cluster *ceph.Cluster, change keyChange, config, plan *model) (keyChange, error) {
	if change == keyKept {
		return change, nil
	}
	user, err := cluster.User(ctx, plan.Name.ValueString())
	if err != nil {
		return change, err
	}
	if key, chosen := plan.chosenKey(change, config); chosen && tfkit.KeyOf(key).Equal(user.Key) {
		return keyKept, nil
	}
	if err := r.refuseOwnUser(ctx, cluster, user.Entity); err != nil || plan.RotateInUse.ValueBool() {
		return change, err
	}
	return change, refuseInUse(ctx, cluster, user.Entity, disconnectTimeout)
}

// changeKey gives the user another key, and reads the user. After an error it still returns the user if the key was changed.
func (m *model) changeKey(ctx context.Context, cluster *ceph.Cluster, change keyChange, config *model) (ceph.User, error) {
	name := m.Name.ValueString()
	switch key, chosen := m.chosenKey(change, config); {
	case change == keyRotated:
		return cluster.RotateKey(ctx, name, m.askedType(config))
	case chosen:
		switch changed, err := cluster.SetKey(ctx, name, tfkit.KeyOf(key)); {
		case err != nil && changed:
			return ceph.User{Name: name, Entity: m.Entity.ValueString(), Key: tfkit.KeyOf(key), Caps: tfkit.Texts(m.Caps)}, err
		case err != nil:
			return ceph.User{}, err
		}
	}
	return cluster.User(ctx, name)
}

// refuseInUse refuses to change a key with which clients are connected. It waits up to the timeout for them to disconnect.
func refuseInUse(ctx context.Context, cluster *ceph.Cluster, entity string, timeout time.Duration) error {
	clients, err := cluster.RemainingClients(ctx, entity, timeout)
	if err != nil {
		do := "Let the provider's user ask the monitors (mon caps of `allow service mon rwx`), or set rotate_in_use = true to change the key" +
			" all the same."
		if problem.Is(err, problem.Unsupported) {
			do = "Ask the monitors as the reply says, then set rotate_in_use = true to change the key all the same."
		}
		return &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("It is not known who is connected to cluster %q as %s, so the key was not changed.", cluster.Label(), entity),
			Why:  "Clients that are connected would lose their disks.",
			Do:   do,
			Raw:  err.Error(),
		}
	}
	if len(clients) == 0 {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("The key of %s can't be changed: clients are connected to cluster %q with it: %s.", entity, cluster.Label(),
			addresses(clients)),
		Why: "A running guest keeps the key with which it opened its disks. With another one in its place it looks fine until its tickets end;" +
			" from then on each connection that breaks stays broken.",
		Do: "Give the guests another user, with a key of its own, in one apply; restart or migrate each of them; and remove this user in a" +
			" later apply. To change the key all the same, set rotate_in_use = true and restart or migrate the guests at once.",
	}
}

// writtenKey is the private state's name for the fingerprint of the write-only key that was written last.
const writtenKey = "written_fingerprint"

// recordWritten stores the fingerprint of a write-only key, so that Read notices when the key is changed outside of Terraform. For other
// keys it stores an empty text.
func (m *model) recordWritten(ctx context.Context, private tfkit.PrivateStateWriter, config *model) diag.Diagnostics {
	written := ""
	if !config.KeyWO.IsNull() {
		written = m.KeyFingerprint.ValueString()
	}
	return tfkit.SetPrivate(ctx, private, writtenKey, written)
}

// readWritten sets key_wo_version to another version where the key is not the one written last. The next plan then writes key_wo again.
func (m *model) readWritten(last string) {
	if last != "" && last != m.KeyFingerprint.ValueString() {
		m.KeyWOVersion = m.KeyFingerprint
	}
}
