package functions_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
)

// call calls a function as Terraform does. It returns the result, or the position of the refused argument and the message.
func call(t *testing.T, name string, arguments ...tftypes.Value) (result tftypes.Value, position int64, refusal string) {
	t.Helper()
	server := providerserver.NewProtocol6(provider.New("test", nil)())()
	known, err := server.GetFunctions(t.Context(), &tfprotov6.GetFunctionsRequest{})
	if err != nil || len(known.Diagnostics) > 0 {
		t.Fatal(err, known)
	}
	signature := known.Functions[name]
	if signature == nil || len(signature.Parameters) != len(arguments) {
		t.Fatalf("there is no %s with %d parameters", name, len(arguments))
	}
	request := &tfprotov6.CallFunctionRequest{Name: name}
	for i, argument := range arguments {
		value, err := tfprotov6.NewDynamicValue(signature.Parameters[i].Type, argument)
		if err != nil {
			t.Fatal(err)
		}
		request.Arguments = append(request.Arguments, &value)
	}
	reply, err := server.CallFunction(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if reply.Error != nil {
		if reply.Error.FunctionArgument == nil {
			t.Fatalf("%s: not located at an argument: %s", name, reply.Error.Text)
		}
		return tftypes.Value{}, *reply.Error.FunctionArgument, reply.Error.Text
	}
	if result, err = reply.Result.Unmarshal(signature.Return.Type); err != nil {
		t.Fatal(err)
	}
	return result, 0, ""
}

// expect calls a function that accepts its arguments.
func expect(t *testing.T, name string, want tftypes.Value, arguments ...tftypes.Value) {
	t.Helper()
	got, _, refusal := call(t, name, arguments...)
	if refusal != "" || !got.Equal(want) {
		t.Errorf("%s(%s)\n got %s %s\nwant %s", name, arguments, got, refusal, want)
	}
}

// expectRefusal calls a function that refuses the argument at that position.
func expectRefusal(t *testing.T, name string, position int64, words string, arguments ...tftypes.Value) {
	t.Helper()
	got, at, refusal := call(t, name, arguments...)
	if refusal == "" || at != position || !strings.Contains(refusal, words) {
		t.Errorf("%s(%s): got %s, refused at %d: %s\nwant at %d: %s", name, arguments, got, at, refusal, position, words)
	}
}

// unknown is a value of a type that is known only after apply.
func unknown(of tftypes.Type) tftypes.Value { return tftypes.NewValue(of, tftypes.UnknownValue) }

func null(of tftypes.Type) tftypes.Value { return tftypes.NewValue(of, nil) }

func text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func number(n any) tftypes.Value { return tftypes.NewValue(tftypes.Number, n) }

func list(values ...tftypes.Value) tftypes.Value {
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, values)
}

func set(values ...tftypes.Value) tftypes.Value {
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, values)
}

// tuple is the type of brackets in a configuration.
func tuple(values ...tftypes.Value) tftypes.Value {
	types := make([]tftypes.Type, 0, len(values))
	for _, value := range values {
		types = append(types, value.Type())
	}
	return tftypes.NewValue(tftypes.Tuple{ElementTypes: types}, values)
}

// object is the type of braces in a configuration.
func object(values map[string]tftypes.Value) tftypes.Value {
	types := map[string]tftypes.Type{}
	for name, value := range values {
		types[name] = value.Type()
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: types}, values)
}
