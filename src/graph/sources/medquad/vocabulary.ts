import { foldedNameKey } from '../../../text/entity-name.ts'
import type { EntityType, LexiconEntry } from '../../types.ts'

/**
 * Everyday names of findings, tests, treatments, organisms, risks and places of the body, selected by us so that health
 * pages can be read without another source. Names of one thing stand together, its label first, divided by `=`.
 */
const names: readonly (readonly [EntityType, string])[] = [
  [
    'finding',
    'fever=high fever=elevated temperature=high temperature|chills=shaking chills|low-grade fever|night sweats|fatigue=tiredness=feeling tired=' +
      'tired feeling=extreme tiredness=feeling very tired|lack of energy|weakness=general weakness|malaise=general discomfort=feeling unwell|' +
      'weight loss=unexplained weight loss=unintended weight loss=unintentional weight loss|weight gain=unexplained weight gain|' +
      'loss of appetite=poor appetite=decreased appetite=lack of appetite|excessive thirst=increased thirst=feeling thirsty|dehydration|' +
      'nausea=feeling sick to your stomach|vomiting=throwing up|diarrhea=loose stools=watery diarrhea|bloody diarrhea|constipation|bloating=' +
      'abdominal bloating=swollen abdomen|gas=excess gas|abdominal pain=stomach pain=belly pain=pain in the abdomen=abdominal discomfort=' +
      'stomach ache=stomachache=stomach cramps=abdominal cramps=abdominal cramping|heartburn|indigestion|difficulty swallowing=trouble swallowing=' +
      'dysphagia=swallowing difficulties=swallowing problems|rectal bleeding=bleeding from the rectum|blood in the stool=bloody stools|' +
      'black stools=tarry stools=black, tarry stools|dark urine=dark-colored urine|pale stools=clay-colored stools=light-colored stools|' +
      'jaundice=yellowing of the skin and eyes=yellow skin and eyes=yellowish skin=yellow skin or eyes|itching=itchy skin=pruritus=itchiness|' +
      'itchy eyes|watery eyes|hiccups|belching|regurgitation|mouth sores=mouth ulcers=sores in the mouth=oral ulcers|bad breath|dry mouth|' +
      'bleeding gums|sore throat|hoarseness=hoarse voice|runny nose|stuffy nose=nasal congestion=blocked nose|nosebleeds=nosebleed|sneezing|' +
      'cough=coughing=persistent cough|dry cough|coughing up blood=hemoptysis=coughing up bloody mucus|wheezing|shortness of breath=' +
      'trouble breathing=difficulty breathing=breathing difficulties=dyspnea=breathlessness=difficult breathing|breathing problems|rapid breathing=' +
      'fast breathing=tachypnea|apnea=pauses in breathing|snoring|loud snoring|chest pain=chest discomfort|chest tightness=tightness in the chest|' +
      'palpitations=heart palpitations|rapid heartbeat=fast heartbeat=rapid heart rate=tachycardia=fast heart rate=racing heart=rapid heart beat|' +
      'slow heart rate=slow heartbeat=bradycardia|irregular heartbeat=arrhythmia=irregular heartbeats=abnormal heart rhythms=irregular heart rhythm|' +
      'heart murmur|low blood pressure=hypotension|high blood pressure=hypertension|dizziness|lightheadedness=light-headedness|fainting=syncope=' +
      'passing out|cold hands and feet|pale skin=paleness=pallor|cyanosis=bluish skin|swelling=edema|swelling of the legs=leg swelling=' +
      'swelling in the legs=swollen legs|swollen lymph nodes=enlarged lymph nodes=swollen glands|easy bruising=bruising easily=bruising|' +
      'excessive bleeding=abnormal bleeding|petechiae|headache=headaches=severe headache=severe headaches|migraine=migraine headaches|neck pain|' +
      'stiff neck=neck stiffness|back pain|low back pain=lower back pain|joint pain=arthralgia=painful joints=aching joints|joint stiffness=' +
      'stiff joints=stiffness of joints|joint swelling=swollen joints|muscle pain=muscle aches=myalgia=muscle ache|body aches|muscle weakness=' +
      'weak muscles|muscle cramps=muscle cramping|muscle spasms=muscle spasm|muscle stiffness=stiff muscles|muscle twitching=fasciculations|' +
      'muscle wasting=muscle atrophy|bone pain|leg pain|leg cramps|numbness|tingling|burning sensation|loss of sensation=loss of feeling=' +
      'sensory loss|poor coordination=lack of coordination=loss of coordination=incoordination|loss of balance=balance problems=poor balance=' +
      'problems with balance|ataxia|clumsiness|unsteady gait|trouble walking=difficulty walking=problems walking|tremor=tremors=shaking|seizures=' +
      'seizure=convulsions=epileptic seizures|paralysis|slurred speech=dysarthria|speech difficulties=speech problems=difficulty speaking=' +
      'trouble speaking|confusion|memory loss=memory problems=loss of memory=forgetfulness|trouble concentrating=difficulty concentrating=' +
      'poor concentration|disorientation|hallucinations|delusions|delirium|coma|loss of consciousness=unconsciousness|drowsiness=sleepiness=' +
      'excessive daytime sleepiness=daytime sleepiness|lethargy|insomnia=trouble sleeping=difficulty sleeping|sleep problems=sleep disturbances|' +
      'irritability|mood swings=mood changes|depression|anxiety|agitation|personality changes|behavior changes=behavioral changes|apathy|' +
      'dementia|restlessness|blurred vision=blurry vision|double vision=diplopia|vision loss=loss of vision=visual loss|blindness|vision problems=' +
      'visual problems=problems with vision|eye pain|red eyes=redness of the eyes|dry eyes|light sensitivity=sensitivity to light=photophobia|' +
      'night blindness=nyctalopia|nystagmus|strabismus=crossed eyes|droopy eyelids=drooping eyelids=ptosis|cataracts|hearing loss=deafness=' +
      'loss of hearing=hearing impairment|ringing in the ears=tinnitus|vertigo|ear pain|loss of smell|rash=skin rash=skin rashes=rashes|' +
      'blisters|hives=urticaria|skin ulcers|skin lesions|acne|dry skin|hair loss=alopecia|excessive sweating=heavy sweating=sweating|clammy skin=' +
      'cold, clammy skin|flushing|hot flashes|frequent urination=urinary frequency|painful urination=pain during urination=burning with urination|' +
      'urinary urgency|urinary incontinence=bladder control problems|urinary retention|blood in the urine=hematuria=bloody urine|protein in the urine=' +
      'proteinuria|foamy urine|kidney stones|flank pain|pelvic pain|vaginal bleeding=abnormal vaginal bleeding|vaginal discharge|irregular periods=' +
      'irregular menstrual periods|amenorrhea|erectile dysfunction=impotence|infertility|loss of libido=decreased libido|enlarged liver=hepatomegaly=' +
      'liver enlargement|enlarged spleen=splenomegaly=spleen enlargement|ascites|anemia|low platelet count=thrombocytopenia|low blood sugar=' +
      'hypoglycemia=low blood glucose|high blood sugar=hyperglycemia=high blood glucose|short stature|growth failure=poor growth=slow growth|' +
      'failure to thrive|delayed puberty|developmental delay=developmental delays=delayed development|intellectual disability=' +
      'mental retardation=intellectual disabilities|learning disabilities=learning disability=learning problems|low muscle tone=hypotonia=muscular hypotonia=' +
      'weak muscle tone=poor muscle tone|spasticity|dystonia|chorea|myoclonus|hydrocephalus|microcephaly=small head|macrocephaly=large head|scoliosis|' +
      'cleft palate|cleft lip|heart defects=congenital heart defects|feeding difficulties=feeding problems=poor feeding|drooling|stridor|' +
      'enlarged thyroid=goiter|cold intolerance=intolerance to cold=sensitivity to cold=feeling cold|heat intolerance|salt craving=craving for salt|' +
      'recurrent infections=frequent infections|conjunctivitis|encephalopathy|peripheral neuropathy|tachycardia|dysmorphic facial features=distinctive facial features|' +
      'flu-like symptoms=flulike symptoms|sensitivity to sound|neuropathic pain=nerve pain|facial weakness=facial paralysis|facial pain',
  ],
  [
    'complication',
    'respiratory failure|heart failure=congestive heart failure|kidney failure=renal failure|acute kidney injury=acute kidney failure|liver failure|' +
      'shock|septic shock|sepsis|stroke|heart attack|internal bleeding|blood clots|pulmonary embolism|deep vein thrombosis|sudden cardiac arrest|' +
      'pneumonia|meningitis|encephalitis|peritonitis|malnutrition|osteoporosis|pulmonary hypertension|portal hypertension|esophageal varices|' +
      'hepatic encephalopathy|cirrhosis|liver cancer|miscarriage|stillbirth|premature birth|brain damage|kidney damage|liver damage|nerve damage|' +
      'organ failure=multiple organ failure|respiratory distress|cardiac tamponade|diabetic ketoacidosis|gallstones|pancreatitis|electrolyte imbalance|' +
      'chronic kidney disease|end-stage renal disease|heart disease|cardiomyopathy|anaphylaxis|intestinal obstruction=bowel obstruction|perforation|' +
      'urinary tract infections|bone fractures=fractures|preeclampsia|hydronephrosis|esophagitis|tooth decay|Mallory-Weiss tear|cardiac arrest|' +
      'vitamin deficiencies|colon cancer|lymphoma|bleeding|death',
  ],
  [
    'test',
    'blood test=blood tests|complete blood count=CBC|urinalysis=urine test=urine tests|urine culture|blood culture=blood cultures|stool test=stool tests|' +
      'stool culture|skin test|genetic testing=molecular genetic testing=genetic test=genetic tests=DNA testing|chromosome analysis=karyotype|' +
      'newborn screening|x-ray=x-rays=x rays|chest x-ray=chest x ray|computed tomography=CT scan=CT scans=CT=computerized tomography|' +
      'magnetic resonance imaging=MRI=MRI scan=MRI scans|magnetic resonance angiography=MRA|ultrasound=ultrasonography=ultrasound scan|echocardiogram=' +
      'echocardiography=echo|electrocardiogram=EKG=ECG=electrocardiography|electroencephalogram=EEG=electroencephalography|electromyography=EMG=' +
      'electromyogram|nerve conduction study=nerve conduction studies=nerve conduction velocity|evoked potentials|stress test=exercise stress test|' +
      'Holter monitor|cardiac MRI|coronary angiography=angiography=angiogram|cardiac catheterization|pulmonary function tests=lung function tests=' +
      'pulmonary function test=spirometry|arterial blood gas=arterial blood gas test|pulse oximetry|sleep study=polysomnography=polysomnogram|' +
      'positron emission tomography=PET scan=PET|bone scan|bone density test=bone mineral density test|mammogram=mammography|Pap test|colposcopy|' +
      'liver function tests|thyroid function tests|TSH test|blood glucose test|fasting plasma glucose test=fasting blood glucose test|A1C test|' +
      'oral glucose tolerance test|ACTH stimulation test|dexamethasone suppression test|24-hour urinary free cortisol test|hydrogen breath test|' +
      'urea breath test|upper GI series=barium swallow|lower GI series=barium enema|gastric emptying scintigraphy|esophageal manometry=manometry|' +
      'esophageal pH monitoring|tuberculin skin test|sputum culture|throat culture|serologic tests=serologic testing=serology|polymerase chain reaction=PCR|' +
      'enzyme-linked immunosorbent assay=ELISA|antibody tests=antibody test|antinuclear antibody test|rheumatoid factor test|eye exam=eye examination|' +
      'slit-lamp examination|electroretinogram=electroretinography=ERG|visual field test|hearing test=audiometry|neurological examination=' +
      'neurological exam=neurologic exam=neurologic examination|digital rectal exam=rectal exam|' +
      'neuropsychological testing|spinal fluid analysis=cerebrospinal fluid analysis|urodynamic testing=urodynamic tests|voiding cystourethrogram|' +
      'intravenous pyelogram|amniocentesis|chorionic villus sampling|prenatal diagnosis|enzyme assay|creatine kinase test|lactose tolerance test|' +
      'semen analysis|tilt table test|myelography=myelogram|D-dimer test|coagulation tests|hemoglobin electrophoresis|sweat test|allergy tests=allergy testing',
  ],
  [
    'procedure',
    'biopsy|muscle biopsy|skin biopsy|liver biopsy|kidney biopsy=renal biopsy|lung biopsy|nerve biopsy|bone marrow biopsy|lumbar puncture=spinal tap|' +
      'bone marrow aspiration|endoscopy=upper endoscopy=upper GI endoscopy|colonoscopy|sigmoidoscopy=flexible sigmoidoscopy|capsule endoscopy|' +
      'bronchoscopy|cystoscopy|laparoscopy|thoracentesis|paracentesis|surgery=operation=surgical repair=surgical removal|chemotherapy|radiation therapy=' +
      'radiation=radiotherapy=radiation treatment|radiosurgery=stereotactic radiosurgery|immunotherapy|physical therapy=physiotherapy|occupational therapy|' +
      'speech therapy|psychotherapy=talk therapy|cognitive behavioral therapy=cognitive-behavioral therapy|counseling|behavioral therapy|hormone therapy|' +
      'hormone replacement therapy|enzyme replacement therapy|stem cell transplant=stem cell transplantation=stem cell transplants|bone marrow transplant=bone marrow transplantation|' +
      'liver transplant=liver transplantation|kidney transplant=kidney transplantation|lung transplant=lung transplantation|heart transplant=' +
      'heart transplantation|cornea transplant=corneal transplant|organ transplant|blood transfusion=blood transfusions|plasma exchange=plasmapheresis|phlebotomy|' +
      'dialysis|hemodialysis|peritoneal dialysis|oxygen therapy=supplemental oxygen|mechanical ventilation|CPAP=continuous positive airway pressure|' +
      'tracheostomy|feeding tube|deep brain stimulation|vagus nerve stimulation|shunt placement=shunt|pacemaker=pacemakers|' +
      'implantable cardioverter defibrillator|angioplasty=percutaneous coronary intervention|coronary artery bypass grafting=coronary artery bypass surgery|' +
      'catheter ablation=ablation|cardioversion|splenectomy|thyroidectomy|appendectomy|cholecystectomy|colectomy|mastectomy|lumpectomy|hysterectomy|' +
      'nephrectomy|bowel resection|phototherapy=light therapy=ultraviolet light therapy|cryotherapy|electroconvulsive therapy|laser therapy=laser treatment|' +
      'acupuncture|massage|splints=splinting|braces=bracing|hearing aids|cochlear implant=cochlear implants|gluten-free diet|low-fat diet|' +
      'ketogenic diet|diet changes=dietary changes|bladder training|pulmonary rehabilitation|cardiac rehabilitation|rest=bed rest|exercise|weight loss surgery=' +
      'bariatric surgery|intravenous immunoglobulin therapy|gene therapy|vaccination=immunization=vaccine=vaccines|lifestyle changes|nutritional therapy|intravenous fluids=IV fluids',
  ],
  [
    'drug-class',
    'antibiotics=antibiotic therapy|antivirals=antiviral drugs=antiviral medications=antiviral medicines|antifungals=antifungal medicines=antifungal drugs=antifungal medications|' +
      'antiparasitic drugs|corticosteroids=steroids=corticosteroid therapy|oral corticosteroids|inhaled corticosteroids|topical corticosteroids|' +
      'immunosuppressants=immunosuppressive drugs=immunosuppressive medications=immunosuppressive therapy=immunosuppressive agents=immunosuppressant drugs|' +
      'anticonvulsants=antiepileptic drugs=anti-seizure medications=anticonvulsant drugs=anticonvulsant medications=antiseizure medications=anti-seizure drugs|' +
      'antidepressants=antidepressant drugs=antidepressant medications|tricyclic antidepressants|selective serotonin reuptake inhibitors=SSRIs|' +
      'antipsychotics=antipsychotic drugs=antipsychotic medications|benzodiazepines|muscle relaxants|stimulants|sedatives|pain relievers=pain medications=' +
      'painkillers=analgesics=pain medicines|nonsteroidal anti-inflammatory drugs=NSAIDs=nonsteroidal anti-inflammatory drugs (NSAIDs)|opioids|antihistamines|decongestants|' +
      'bronchodilators|beta blockers|calcium channel blockers|ACE inhibitors=angiotensin-converting enzyme inhibitors|angiotensin receptor blockers=ARBs|' +
      'diuretics|statins|anticoagulants=blood thinners|antiplatelet drugs|thrombolytics|antiarrhythmic drugs=antiarrhythmics|vasodilators|nitrates|' +
      'proton pump inhibitors=PPIs|H2 blockers|antacids|antiemetics|laxatives|antidiarrheals|antispasmodics=antispasmodic drugs|anticholinergics=anticholinergic drugs|' +
      'cholinesterase inhibitors|dopamine agonists|bisphosphonates|sulfonylureas|thyroid hormone|antithyroid drugs=antithyroid medicines|' +
      'monoclonal antibodies|biologics=biologic therapies|aminosalicylates|immunomodulators|triptans|retinoids|alpha blockers|5-alpha reductase inhibitors|' +
      'iron supplements|vitamin supplements|anti-inflammatory drugs=anti-inflammatory medications|birth control pills=oral contraceptives|tumor necrosis factor inhibitors',
  ],
  [
    'drug',
    'aspirin|ibuprofen|naproxen|acetaminophen|prednisone|prednisolone|methylprednisolone|dexamethasone|hydrocortisone|fludrocortisone|budesonide|methotrexate|' +
      'azathioprine|cyclophosphamide|cyclosporine=ciclosporin=cyclosporin|mycophenolate mofetil=mycophenolate|tacrolimus|rituximab|infliximab|adalimumab|etanercept|interferon|' +
      'hydroxychloroquine|chloroquine|sulfasalazine|mesalamine|colchicine|allopurinol|penicillamine|trientine|zinc acetate|deferoxamine|insulin|metformin|' +
      'levothyroxine|methimazole|propylthiouracil|radioactive iodine|growth hormone|octreotide|lanreotide|pegvisomant|cabergoline|bromocriptine|' +
      'testosterone|estrogen|progesterone|vasopressin|desmopressin|warfarin|heparin|clopidogrel|digoxin|amiodarone|propranolol|atenolol|metoprolol|' +
      'lisinopril|furosemide|spironolactone|acetazolamide|mannitol|atorvastatin|nitroglycerin|sildenafil|bosentan|epinephrine|albuterol|theophylline|' +
      'carbamazepine|phenytoin|valproic acid=valproate=sodium valproate|lamotrigine|levetiracetam|gabapentin|pregabalin|topiramate|clonazepam|diazepam|lorazepam|' +
      'phenobarbital|oxcarbazepine|vigabatrin|ethosuximide|ACTH=adrenocorticotropic hormone|levodopa|carbidopa|ropinirole|pramipexole|amantadine|selegiline|trihexyphenidyl|' +
      'baclofen|tizanidine|dantrolene|botulinum toxin=botox|tetrabenazine|haloperidol|risperidone|clonidine|methylphenidate|modafinil|sodium oxybate|' +
      'fluoxetine|amitriptyline|imipramine|clomipramine|lithium|donepezil|memantine|riluzole|pyridostigmine|edrophonium|quinidine|mexiletine|nimodipine|' +
      'indomethacin|penicillin|amoxicillin|ampicillin|ceftriaxone|doxycycline|tetracycline|erythromycin|azithromycin|ciprofloxacin|metronidazole|vancomycin|' +
      'gentamicin|streptomycin|chloramphenicol|trimethoprim-sulfamethoxazole|isoniazid|rifampin|pyrazinamide|ethambutol|dapsone|clofazimine|acyclovir|' +
      'ganciclovir|oseltamivir|ribavirin|lamivudine|tenofovir|entecavir|amphotericin B|fluconazole|itraconazole|voriconazole|albendazole|mebendazole|' +
      'ivermectin|praziquantel|pyrantel pamoate|triclabendazole|nitazoxanide|diethylcarbamazine|miltefosine|pentamidine|sodium stibogluconate|benznidazole|nifurtimox|atovaquone|quinine|' +
      'clindamycin|permethrin|pyrimethamine|sulfadiazine|melarsoprol|suramin|eflornithine|vitamin A|vitamin B12|vitamin B6=pyridoxine|vitamin C|vitamin D|vitamin E|vitamin K|thiamine|' +
      'folic acid|biotin|riboflavin|carnitine=L-carnitine|coenzyme Q10|iron|calcium|magnesium|potassium|zinc|betaine|chenodeoxycholic acid|cholic acid|ursodeoxycholic acid=ursodiol|' +
      'lactulose|cholestyramine|omeprazole|ranitidine|loperamide|metoclopramide|isotretinoin|acitretin|thalidomide|lenalidomide|bortezomib|imatinib|' +
      'hydroxyurea|melphalan|vincristine|doxorubicin|cisplatin|carboplatin|tamoxifen|eculizumab|intravenous immunoglobulin=IVIG=intravenous immune globulin=immune globulin|antivenom|' +
      'antitoxin|naltrexone|N-acetylcysteine|miglustat|sapropterin|nitisinone|hemin|danazol|tranexamic acid|sodium benzoate|ketoconazole|alendronate|denosumab|' +
      'finasteride|tamsulosin|oxybutynin|potassium citrate|ranibizumab|bevacizumab|natalizumab|glatiramer acetate|sirolimus|everolimus|anakinra',
  ],
  [
    'organism',
    'Staphylococcus aureus|Streptococcus pneumoniae|Streptococcus pyogenes|group A streptococcus|Escherichia coli=E. coli|Salmonella|Shigella|' +
      'Salmonella Typhi|Campylobacter|Listeria monocytogenes|Clostridium botulinum|Clostridium difficile|Clostridium tetani|Helicobacter pylori=H. pylori|Mycobacterium tuberculosis|' +
      'Mycobacterium leprae|Borrelia burgdorferi|Treponema pallidum|Neisseria gonorrhoeae|Neisseria meningitidis|Chlamydia trachomatis|Haemophilus influenzae|' +
      'Legionella|Bordetella pertussis|Corynebacterium diphtheriae|Bacillus anthracis|Yersinia pestis|Yersinia enterocolitica|Rickettsia rickettsii|Coxiella burnetii|' +
      'Anaplasma phagocytophilum|Ehrlichia chaffeensis|Bartonella henselae|Brucella|Francisella tularensis|Leptospira|Tropheryma whipplei|Nocardia|Vibrio cholerae|' +
      'Epstein-Barr virus|cytomegalovirus|herpes simplex virus|varicella-zoster virus=varicella zoster virus|human papillomavirus|human immunodeficiency virus=HIV|measles virus|' +
      'mumps virus|rubella virus|poliovirus|rabies virus|West Nile virus|dengue virus|yellow fever virus|La Crosse virus|influenza virus|rotavirus|norovirus|hantavirus|Marburg virus|Ebola virus|' +
      'Lassa virus|hepatitis A virus|hepatitis B virus|hepatitis C virus|hepatitis D virus|hepatitis E virus|human T-cell lymphotropic virus|JC virus|Candida|Candida albicans|Aspergillus|Histoplasma|Coccidioides|Cryptococcus|' +
      'Cryptococcus neoformans|Histoplasma capsulatum|Coccidioides immitis|Blastomyces dermatitidis|Pneumocystis jirovecii|Plasmodium falciparum|Toxoplasma gondii|' +
      'Trypanosoma cruzi|Trypanosoma brucei|Leishmania|Giardia|Entamoeba histolytica|Cryptosporidium|Cyclospora cayetanensis|Babesia|Naegleria fowleri|Acanthamoeba|' +
      'Trichomonas vaginalis|Ascaris lumbricoides|Enterobius vermicularis|Trichuris trichiura|Strongyloides stercoralis|Trichinella|Taenia solium|Taenia saginata|Echinococcus granulosus|' +
      'Wuchereria bancrofti|Onchocerca volvulus|Loa loa|Schistosoma mansoni|Fasciola hepatica|Paragonimus|Toxocara|Baylisascaris procyonis|Sarcoptes scabiei|mosquitoes=mosquito|ticks=tick|' +
      'sand flies=sand fly|fleas=flea|tsetse flies=tsetse fly|deerflies|triatomine bugs=kissing bugs',
  ],
  [
    'route',
    'contaminated food|contaminated water|respiratory droplets|sexual contact|blood transfusion|close contact|contaminated soil',
  ],
  [
    'factor',
    'smoking=cigarette smoking|older age=advanced age=increasing age|obesity=being overweight=being obese=overweight|family history of the disease=family history|physical inactivity=' +
      'lack of physical activity=sedentary lifestyle=lack of exercise|unhealthy diet|high blood pressure=hypertension|high cholesterol=high blood cholesterol|low birth weight|premature birth=prematurity|pregnancy|menopause|hand washing=washing your hands=handwashing|condoms|insect repellent|bed nets|healthy diet=healthy eating|physical activity|quitting smoking=not smoking|' +
      'stress=emotional stress|head injury|trauma|weakened immune system=weak immune system|poor hygiene|poor nutrition|prolonged bed rest|surgery',
  ],
  [
    'exposure',
    'alcohol=alcohol use=heavy alcohol use=heavy drinking|tobacco smoke|secondhand smoke|asbestos|lead|mercury|arsenic|radon|radiation=radiation exposure=exposure to radiation|sun exposure=' +
      'sunlight=ultraviolet light|air pollution|pollen|mold|dust mites|pet dander|silica dust|coal dust|pesticides|illegal drugs=illegal drug use|cocaine|' +
      'caffeine|gluten|cold air|chemicals=toxic chemicals',
  ],
  [
    'anatomy',
    'heart|lungs|liver|kidneys|brain|spinal cord|skin|eyes|bones|joints|muscles|skeletal muscles|peripheral nerves|nerves|pancreas|thyroid gland=thyroid|adrenal glands|pituitary gland|stomach|small intestine|' +
      'large intestine=colon|esophagus|bladder|prostate=prostate gland|ovaries|uterus|blood vessels|arteries|veins|lymph nodes|spleen|bone marrow|gallbladder|bile ducts|cerebellum|basal ganglia|' +
      'retina|cornea|inner ear|teeth|nails|hair|kidney|lung|rectum|red blood cells|platelets',
  ],
  [
    'system',
    'nervous system|central nervous system|peripheral nervous system|autonomic nervous system|immune system|digestive system|respiratory system|skeletal system|endocrine system|lymphatic system|urinary tract',
  ],
]

/** Entries of the vocabulary under their label: each name of a thing with the label that stands for it. */
type VocabularyEntry = LexiconEntry & { readonly label: string }

/**
 * All names of our vocabulary, with keys as {@link medquadKey} makes them; some names have two types, as "surgery" is a
 * treatment and a risk.
 */
export function vocabularyEntries(): readonly VocabularyEntry[] {
  entries ??= readNames()
  return entries
}

let entries: readonly VocabularyEntry[] | undefined

function readNames(): VocabularyEntry[] {
  return names.flatMap(([type, list]) =>
    list.split('|').flatMap((group) => {
      const [label = '', ...others] = group.split('=')
      const key = medquadKey(label, type)
      return [label, ...others].map((name) => ({ name, key, type, label }))
    }),
  )
}

/** The key of an entity that the pages name and no other source identifies: diseases by name, others by type and name. */
export function medquadKey(label: string, type: EntityType): string {
  const name = foldedNameKey(label)
  return type === 'disease' ? `medquad:${name}` : `medquad:${type}:${name}`
}
