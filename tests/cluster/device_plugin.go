package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	plugin "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const deviceIDsVariable = "NVIDIA_VISIBLE_DEVICES"

// fakeDevices are healthy devices of one resource. A container that is given some sees their numbers
// in a variable, and no device.
type fakeDevices struct {
	plugin.UnimplementedDevicePluginServer
	count int
}

func (d *fakeDevices) GetDevicePluginOptions(context.Context, *plugin.Empty) (*plugin.DevicePluginOptions, error) {
	return &plugin.DevicePluginOptions{}, nil
}

func (d *fakeDevices) ListAndWatch(_ *plugin.Empty, stream plugin.DevicePlugin_ListAndWatchServer) error {
	answer := &plugin.ListAndWatchResponse{}
	for number := range d.count {
		answer.Devices = append(answer.Devices, &plugin.Device{ID: strconv.Itoa(number), Health: plugin.Healthy})
	}
	if err := stream.Send(answer); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func (d *fakeDevices) Allocate(_ context.Context, request *plugin.AllocateRequest) (*plugin.AllocateResponse, error) {
	answer := &plugin.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		answer.ContainerResponses = append(answer.ContainerResponses, &plugin.ContainerAllocateResponse{
			Envs: map[string]string{deviceIDsVariable: strings.Join(container.DevicesIds, ",")},
		})
	}
	return answer, nil
}

// runDevicePlugin offers devices to one kubelet until told to stop.
//
//	hyperkube fake-device-plugin --kubelet-root=DIR [--resource=nvidia.com/gpu] [--count=4]
func runDevicePlugin() {
	flags := flag.NewFlagSet("fake-device-plugin", flag.ExitOnError)
	root := flags.String("kubelet-root", "/var/lib/kubelet", "the kubelet's --root-dir")
	resource := flags.String("resource", "nvidia.com/gpu", "name of the resource")
	count := flags.Int("count", 4, "number of devices")
	_ = flags.Parse(os.Args[1:])

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	folder := filepath.Join(*root, "device-plugins")
	for { // A kubelet that starts again removes all sockets and forgets all plugins.
		if err := offer(folder, *resource, *count, stop); err == nil {
			return
		} else {
			fmt.Fprintln(os.Stderr, "fake-device-plugin:", err)
		}
		select {
		case <-stop:
			return
		case <-time.After(time.Second):
		}
	}
}

// offer serves devices until told to stop (nil) or until its socket is gone.
func offer(folder, resource string, count int, stop <-chan os.Signal) error {
	name := "fake-" + strings.ReplaceAll(resource, "/", "_") + ".sock"
	socket := filepath.Join(folder, name)
	_ = os.Remove(socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	plugin.RegisterDevicePluginServer(server, &fakeDevices{count: count})
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	if err := register(filepath.Join(folder, "kubelet.sock"), name, resource); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "fake-device-plugin: offers", count, "of", resource)
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(time.Second):
			if _, err := os.Stat(socket); err != nil {
				return err
			}
		}
	}
}

func register(kubelet, endpoint, resource string) error {
	client, err := grpc.NewClient("unix://"+kubelet, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = plugin.NewRegistrationClient(client).Register(ctx, &plugin.RegisterRequest{
		Version: plugin.Version, Endpoint: endpoint, ResourceName: resource, Options: &plugin.DevicePluginOptions{},
	})
	return err
}
