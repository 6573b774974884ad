"""check_dataset.py FILE SHARDS: what h5py sees of the dataset that tests/test_dataset.c writes.

13 rows of 100 points, three parents, two classes; values as in tests/dataset_fixture.c. Made with
h5py 3.16.0 (HDF5 2.0.0); any h5py 3 will do.
"""
import os
import sys

import h5py
import numpy as np

path, shards = sys.argv[1], int(sys.argv[2])
rows, points = 13, 100


def check_file(path, first, count, virtual):
    row = np.arange(first, first + count)
    with h5py.File(path, "r") as f:
        assert f["spectra"].dtype == np.float32 and f["spectra"].shape == (count, points)
        assert f["spectra"].is_virtual == virtual
        assert f["spectra"].chunks is None and f["spectra"].compression is None
        point = np.arange(points)
        expected = ((row[:, None] * 7919 + point * 104729) % 65536) / 65536.0 - 0.5
        assert np.array_equal(f["spectra"][...], expected.astype(np.float32))
        assert f["ppm"].dtype == np.float64
        assert np.array_equal(f["ppm"][...], 10 - 10.0 * point / points)
        assert np.all(np.diff(f["ppm"][...]) < 0)
        for name in ("name", "source", "format", "class_name"):
            assert h5py.check_string_dtype(f[name].dtype).encoding == "utf-8", name
        assert list(f["name"].asstr()) == ["n\u00e4me %d" % r for r in row]
        assert list(f["source"].asstr()) == ["tree/sample %d/1" % r for r in row]
        assert list(f["format"].asstr()) == ["bruker" if r % 2 else "" for r in row]
        assert list(f["class_name"].asstr()) == ["alanine", "gluc\u00f6se"]
        assert f["parent"].dtype == np.int32 and f["parent"].shape == (count, 3)
        assert np.array_equal(f["parent"][...], np.stack([row, row + 1, 0 * row - 1], 1))
        for name, value in (("field_mhz", 400 + row), ("p0_deg", -row), ("p1_deg", 2 * row),
                            ("noise_sigma", 0.125 + 0 * row), ("line_width_hz", 0.5 * row)):
            assert f[name].dtype == np.float32 and np.array_equal(f[name][...], value), name
        assert f["target"].dtype == np.float32
        assert np.array_equal(f["target"][...], np.stack([0.25 + 0 * row, row], 1))
        assert f["split"].dtype == np.uint8 and np.array_equal(f["split"][...], row % 3)
        for name in ("fidmix_version", "recipe", "nucleus", "inputs"):
            assert isinstance(f.attrs[name], str), name
        assert f.attrs["recipe"] == 'fidmix: 1\nname: "t\u00e9st"\n'
        assert f.attrs["nucleus"] == "1H"
        assert int(f.attrs["seed"]) == 2**64 - 1
        for name in f:
            assert not f[name].id.get_create_plist().get_obj_track_times(), name
        if virtual:
            sources = f["spectra"].virtual_sources()
            assert [s.file_name for s in sources] == [
                "out.shard-%04d.h5" % (i + 1) for i in range(shards)]


check_file(path, 0, rows, shards > 0)
for i in range(shards):
    shard = os.path.join(os.path.dirname(path), "out.shard-%04d.h5" % (i + 1))
    check_file(shard, 5 * i, min(5, rows - 5 * i), False)
