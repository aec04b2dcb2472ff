#!/usr/bin/env python3
"""USD metadata oracle. Usage: oracle_usd.py SETDIR [OUT.json]  -> OUT.json or SETDIR/oracle.json   (worker: --one FILE SETDIR)

Semantics of the record of each file (usd-core, composed stage, all payloads loaded, authored variant selections):
 prim_counts            Usd default predicate (active & loaded & defined & not abstract), instance proxies NOT visited
 prim_counts_proxies    the same with Usd.TraverseInstanceProxies
 mesh totals            points / faces (faceVertexCounts length) / face vertices, read at UsdTimeCode.EarliestTime()
 bbox_*                 UsdGeom.BBoxCache(time,[default,render],useExtentsHint) .ComputeWorldBound(pseudoRoot).ComputeAlignedRange()
 dependencies           UsdUtils.ComputeAllDependencies; paths relative to the set directory
"""
import sys, os, re, json, subprocess, collections, math, hashlib
from concurrent.futures import ThreadPoolExecutor
def one(path, root):
    from pxr import Usd, UsdGeom, UsdLux, UsdShade, UsdSkel, Sdf, UsdUtils, Tf, Kind, Gf, Ar
    os.environ['PXR_WORK_THREAD_LIMIT']='1'
    rel=lambda p: os.path.relpath(p,root) if os.path.isabs(p) else p
    r={}
    try:
        stage=Usd.Stage.Open(path, Usd.Stage.LoadAll)
    except Tf.ErrorException as e:
        return dict(open_ok=False,error=' | '.join(l.split(" : '")[-1].strip("' \t") for l in str(e).strip().splitlines() if 'Error in' in l)[:600].replace(root+'/',''))
    if not stage: return dict(open_ok=False,error='Open returned null')
    L=stage.GetRootLayer()
    fmt=L.GetFileFormat().formatId
    under=''
    try:
        from pxr import UsdUtils as _u
        under=str(Usd.UsdFileFormat.GetUnderlyingFormatForLayer(L)) if fmt=='usd' else fmt
    except Exception: pass
    if not under:
        head=open(path,'rb').read(8); under='usdc' if head==b'PXR-USDC' else ('usda' if head[:5]==b'#usda' else ('usdz' if head[:2]==b'PK' else '?'))
    dp=stage.GetDefaultPrim()
    def mpu():
        try: return UsdGeom.GetStageMetersPerUnit(stage)
        except Tf.ErrorException:   # authored as float: the typed accessor of usd-core refuses it
            r['meters_per_unit_note']='authored with type float, UsdGeom.GetStageMetersPerUnit raises'
            return float(L.pseudoRoot.GetInfo('metersPerUnit'))
    r.update(open_ok=True,file_format=fmt,encoding=under,default_prim=L.defaultPrim or None,default_prim_valid=bool(dp),
      default_prim_type=str(dp.GetTypeName()) if dp else None, default_prim_kind=(Usd.ModelAPI(dp).GetKind() or None) if dp else None,
      up_axis=str(UsdGeom.GetStageUpAxis(stage)),up_axis_authored=stage.HasAuthoredMetadata('upAxis'),
      meters_per_unit=mpu(),meters_per_unit_authored=UsdGeom.StageHasAuthoredMetersPerUnit(stage),
      start_time_code=stage.GetStartTimeCode(),end_time_code=stage.GetEndTimeCode(),has_authored_time_range=stage.HasAuthoredTimeCodeRange(),
      time_codes_per_second=stage.GetTimeCodesPerSecond(),frames_per_second=stage.GetFramesPerSecond(),
      time_codes_per_second_authored=stage.HasAuthoredMetadata('timeCodesPerSecond'),frames_per_second_authored=stage.HasAuthoredMetadata('framesPerSecond'),
      documentation=L.documentation or None,comment=L.comment or None,
      custom_layer_data_keys=sorted(L.customLayerData.keys()), sublayers=list(L.subLayerPaths), root_prims=[c.GetName() for c in stage.GetPseudoRoot().GetChildren()])
    if dp:
        ai=dp.GetAssetInfo(); r['default_prim_asset_info']=json.loads(json.dumps({k:str(v) for k,v in ai.items()}))
    def ln(a):
        try: return len(a) if a is not None else 0
        except TypeError: r['mesh_type_note']='a points/counts/indices attribute has a non-array value; counted 0'; return 0
    def walk(pred):
        types=collections.Counter(); apis=collections.Counter(); kinds=collections.Counter(); purposes=collections.Counter()
        pts=faces=fv=n=lights=meshes=0; inst=0; pinst=0; vs={}; refs=pay=inh=spe=0; tv=0; shader_ids=collections.Counter(); subdiv=collections.Counter(); tex=set(); subsets=0;maxdepth=0; bound=0
        for p in Usd.PrimRange(stage.GetPseudoRoot(),pred):
            if p.IsPseudoRoot(): continue
            n+=1; t=str(p.GetTypeName()) or '(untyped)'; types[t]+=1
            maxdepth=max(maxdepth,p.GetPath().pathElementCount)
            for a in p.GetAppliedSchemas(): apis[a.split(':')[0]]+=1
            k=Usd.ModelAPI(p).GetKind()
            if k: kinds[k]+=1
            if p.IsInstance(): inst+=1
            if p.HasAPI(UsdLux.LightAPI): lights+=1
            if p.HasAuthoredReferences(): refs+=1
            if p.HasAuthoredPayloads(): pay+=1
            if p.HasAuthoredInherits(): inh+=1
            if p.HasAuthoredSpecializes(): spe+=1
            if p.HasVariantSets():
                V=p.GetVariantSets(); vs[str(p.GetPath())]={s:dict(variants=sorted(V.GetVariantSet(s).GetVariantNames()),selection=V.GetVariantSet(s).GetVariantSelection()) for s in sorted(V.GetNames())}
            if p.IsA(UsdGeom.Mesh):
                m=UsdGeom.Mesh(p); e=Usd.TimeCode.EarliestTime(); meshes+=1
                a=m.GetPointsAttr().Get(e); b=m.GetFaceVertexCountsAttr().Get(e); c=m.GetFaceVertexIndicesAttr().Get(e)
                pts+=ln(a); faces+=ln(b); fv+=ln(c)
                subdiv[str(m.GetSubdivisionSchemeAttr().Get())]+=1
                if UsdShade.MaterialBindingAPI(p).ComputeBoundMaterial()[0]: bound+=1
            if p.IsA(UsdGeom.Imageable) and UsdGeom.Imageable(p).GetPurposeAttr().HasAuthoredValue(): purposes[str(UsdGeom.Imageable(p).GetPurposeAttr().Get())]+=1
            if p.IsA(UsdGeom.PointInstancer):
                x=UsdGeom.PointInstancer(p).GetProtoIndicesAttr().Get(Usd.TimeCode.EarliestTime()); pinst+=ln(x)
            if p.IsA(UsdShade.Shader):
                i=UsdShade.Shader(p).GetIdAttr().Get()
                if i: shader_ids[str(i)]+=1
            for at in p.GetAuthoredAttributes():
                if at.ValueMightBeTimeVarying(): tv+=1
                if p.IsA(UsdShade.Shader) and at.GetTypeName()==Sdf.ValueTypeNames.Asset:
                    v=at.Get()
                    if v and v.path: tex.add(v.path)
        return dict(prims=n,by_type=dict(sorted(types.items())),applied_api=dict(sorted(apis.items())),kinds=dict(sorted(kinds.items())),authored_purpose=dict(sorted(purposes.items())),
           meshes=meshes,mesh_points=pts,mesh_faces=faces,mesh_face_vertices=fv,meshes_with_bound_material=bound,subdivision=dict(subdiv),lights=lights,instances=inst,point_instancer_instances=pinst,
           prims_with_references=refs,prims_with_payloads=pay,prims_with_inherits=inh,prims_with_specializes=spe,time_varying_attributes=tv,variant_sets=vs,shader_ids=dict(sorted(shader_ids.items())),texture_asset_paths=sorted(tex),max_depth=maxdepth)
    r['composed']=walk(Usd.PrimDefaultPredicate)
    w=walk(Usd.TraverseInstanceProxies())
    r['composed_proxies']={k:w[k] for k in('prims','by_type','meshes','mesh_points','mesh_faces','mesh_face_vertices','lights')}
    r['prims_traverse_all']=sum(1 for _ in stage.TraverseAll())
    P=[UsdGeom.Tokens.default_,UsdGeom.Tokens.render]
    def bbox(tc,hint):
        try:
            rg=UsdGeom.BBoxCache(tc,P,hint).ComputeWorldBound(stage.GetPseudoRoot()).ComputeAlignedRange()
        except Exception as e: return dict(error=str(e)[:200])
        if rg.IsEmpty(): return dict(empty=True)
        return dict(min=list(rg.GetMin()),max=list(rg.GetMax()),size=list(rg.GetSize()))
    r['bbox_default_time']=bbox(Usd.TimeCode.Default(),False); r['bbox_earliest_time']=bbox(Usd.TimeCode.EarliestTime(),False)
    r['bbox_start_time']=bbox(Usd.TimeCode(stage.GetStartTimeCode()),False) if stage.HasAuthoredTimeCodeRange() else None
    r['bbox_default_time_extentshint']=bbox(Usd.TimeCode.Default(),True)
    ctx=stage.GetPathResolverContext()
    layers,assets,unres=UsdUtils.ComputeAllDependencies(Sdf.AssetPath(path))
    r['dependencies']=dict(layers=sorted(rel(l.realPath or l.identifier) for l in layers),assets=sorted(rel(a) for a in assets),unresolved=sorted(rel(u) for u in unres))
    r['used_layers']=sorted(rel(l.realPath or l.identifier) for l in stage.GetUsedLayers() if not l.anonymous)
    try: r['composition_errors']=len(stage.GetCompositionErrors())
    except Exception: pass
    return r
def clean(o):
    if isinstance(o,float): return None if (math.isnan(o) or math.isinf(o)) else o
    if isinstance(o,dict): return {k:clean(v) for k,v in o.items()}
    if isinstance(o,(list,tuple)): return [clean(v) for v in o]
    return o
def main(root,out_path):
    root=os.path.abspath(root); files=[]
    for d,_,fs in os.walk(root):
        for f in fs:
            if f.rsplit('.',1)[-1] in('usd','usda','usdc','usdz'): files.append(os.path.join(d,f))
    files.sort()
    def run(f):
        try: p=subprocess.run([sys.executable,__file__,'--one',f,root],capture_output=True,timeout=180)
        except subprocess.TimeoutExpired: return f,dict(open_ok=False,error='timeout 180s')
        try: rec=json.loads(p.stdout.decode().split('\n@@@',1)[1])
        except Exception: rec=dict(open_ok=False,error=f'worker rc {p.returncode}: '+p.stderr.decode(errors='replace')[-300:])
        w=[l for l in p.stderr.decode(errors='replace').splitlines() if l.strip()]
        rec['stderr_lines']=len(w); 
        if w: rec['stderr_first']=re.sub(' <0x[0-9a-f]+>','',w[0].replace(root+'/',''))[:300]  # addresses differ from run to run
        rec['bytes']=os.path.getsize(f); rec['sha256']=hashlib.sha256(open(f,'rb').read()).hexdigest()
        return f,rec
    with ThreadPoolExecutor(3) as ex: res=list(ex.map(run,files))
    from pxr import Usd
    import importlib.metadata as im
    out=dict(tool=dict(usd_core=im.version('usd-core'),usd_version='.'.join(map(str,Usd.GetVersion())),python=sys.version.split()[0],script='oracle_usd.py'),files={os.path.relpath(f,root):clean(r) for f,r in res})
    json.dump(out,open(out_path,'w'),indent=1,sort_keys=True)
    ok=[r for _,r in res if r['open_ok']]; print(root,len(res),'files; opened',len(ok),'; failed',[(os.path.relpath(f,root),r['error'][:100]) for f,r in res if not r['open_ok']])
if sys.argv[1]=='--one': sys.stdout.write('\n@@@'+json.dumps(clean(one(sys.argv[2],sys.argv[3]))))
else: main(sys.argv[1],sys.argv[2] if len(sys.argv)>2 else os.path.join(sys.argv[1],'oracle.json'))
