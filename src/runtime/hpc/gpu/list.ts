import { readFileSync } from "node:fs";

// Which libraries, programs and files of the host belong to a maker's driver. Apptainer's form of list, so that an
// administrator's own one is taken as it is: a name in each line, "#" before a comment. With ".so" in it, it is the beginning
// of a library's name (or its path); without, a program.

export type GpuMaker = "nvidia" | "amd";

export interface GpuList {
  /** The file that it comes from; undefined for the built-in one. */
  readonly file: string | undefined;
  readonly libraries: readonly string[];
  readonly programs: readonly string[];
}

export const listNames: Readonly<Record<GpuMaker, string>> = {
  nvidia: "nvliblist.conf",
  amd: "rocmliblist.conf",
};

// What a driver's user space is made of: its parts have to be of the version of the kernel's half, so that no image can bring
// them along. The names are those of Apptainer's lists and of newer parts of NVIDIA's driver.
const builtIn: Readonly<Record<GpuMaker, string>> = {
  nvidia: `nvidia-smi nvidia-debugdump nvidia-persistenced nvidia-cuda-mps-control nvidia-cuda-mps-server
    libcuda.so libcudadebugger.so libEGL.so libEGL_installertest.so libEGL_nvidia.so libGL.so libGLESv1_CM.so
    libGLESv1_CM_nvidia.so libGLESv2.so libGLESv2_nvidia.so libGLX.so libGLX_installertest.so libGLX_nvidia.so
    libGLdispatch.so libOpenCL.so libOpenGL.so libglx.so libnvcuvid.so libnvidia-allocator.so libnvidia-cbl.so
    libnvidia-cfg.so libnvidia-compiler.so libnvidia-egl-gbm.so libnvidia-egl-wayland.so libnvidia-eglcore.so
    libnvidia-encode.so libnvidia-fatbinaryloader.so libnvidia-fbc.so libnvidia-glcore.so libnvidia-glsi.so
    libnvidia-glvkspirv.so libnvidia-gpucomp.so libnvidia-gtk2.so libnvidia-gtk3.so libnvidia-ifr.so libnvidia-ml.so
    libnvidia-ngx.so libnvidia-nvvm.so libnvidia-opencl.so libnvidia-opticalflow.so libnvidia-pkcs11.so
    libnvidia-pkcs11-openssl3.so libnvidia-ptxjitcompiler.so libnvidia-rtcore.so libnvidia-tls.so libnvidia-wfb.so
    libnvoptix.so libvdpau_nvidia.so nvidia_drv.so tls_test_.so`,
  amd: `rocm-smi rocminfo
    libCXLActivityLogger.so libMIOpen.so libOpenCL.so libamd_comgr.so libamdcomgr64.so libamdocl64.so libcltrace.so
    libcomgr.so libdrm.so libdrm_amdgpu.so libelf.so libhc_am.so libhip_hcc.so libhipblas.so libhiprand.so
    libhsa-runtime64.so libhsakmt.so libmcwamp.so libmcwamp_cpu.so libmcwamp_hsa.so libmiopengemm.so libnuma.so libpci.so
    librccl.so librocblas.so librocfft-device.so librocfft.so librocr_debug_agent64.so librocrand.so`,
};

/** The folders in which a list may lie, the first one found counts: the user's own, the machine's, Apptainer's. */
export function listFolders(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const { XDG_CONFIG_HOME: config, HOME: home } = env;
  const own = config?.startsWith("/") === true ? config : home === undefined ? undefined : `${home}/.config`;
  return [...(own === undefined ? [] : [`${own}/vial`]), "/etc/vial", "/etc/apptainer", "/etc/singularity"];
}

/** The list of the first of `folders` that has one, else the built-in one. Throws where one is there and cannot be read. */
export function readGpuList(maker: GpuMaker, folders: readonly string[]): GpuList {
  for (const folder of folders) {
    const file = `${folder}/${listNames[maker]}`;
    try {
      return { file, ...parseGpuList(readFileSync(file, "utf8")) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    }
  }
  return { file: undefined, ...parseGpuList(builtIn[maker].replaceAll(/\s+/g, "\n")) };
}

export function parseGpuList(text: string): Pick<GpuList, "libraries" | "programs"> {
  const names = text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  const isLibrary = (name: string) => name.includes(".so");
  return {
    libraries: names.filter(isLibrary),
    programs: names.filter((name) => !isLibrary(name)),
  };
}
